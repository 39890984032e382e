import { z } from 'zod';
import { textSchema } from './text.js';
import { wholeNumberSchema } from './whole-number.js';

/** Query parameters of a list. The cursor is opaque to clients: the id after which the page starts. */
export const pageSchemaOf = (idSchema: z.ZodType<string>) =>
  z.strictObject({
    limit: wholeNumberSchema(1, 200).default(50),
    cursor: z
      .string()
      .max(100)
      .transform((text, context) => {
        const id = Buffer.from(text, 'base64url').toString('utf8');
        if (idSchema.safeParse(id).success) return id;
        context.addIssue('is not a cursor that a list gave');
        return z.NEVER;
      })
      .optional(),
  });

/** Of a list whose ids are UUIDs. */
export const pageSchema = pageSchemaOf(z.uuid());

export const pageOfSchema = <Item extends z.ZodType>(item: Item) =>
  z.object({ data: z.array(item), next_cursor: z.string().nullable() });

export interface Page<Item> {
  data: Item[];
  next_cursor: string | null;
}

/** As the next page is asked for. */
export const cursorOf = (id: string): string => Buffer.from(id).toString('base64url');

/** @param found one more than the limit where there is a next page */
export function pageOf<Row extends { id: string }, Item>(
  found: Row[],
  limit: number,
  toItem: (row: Row) => Item,
): Page<Item> {
  const rows = found.slice(0, limit);
  const last = found.length > limit ? rows.at(-1) : undefined;
  return { data: rows.map(toItem), next_cursor: last ? cursorOf(last.id) : null };
}

/** Words to search for; blanks around them are no part of them. */
export const wordsSchema = textSchema(200).trim().min(1);
