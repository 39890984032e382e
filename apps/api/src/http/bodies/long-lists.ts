import type { z } from 'zod';
import { Turns } from './turns.js';

/** A list of thousands within a body, and how its items are checked. */
export interface LongList {
  /** Undefined: the body itself is the list, if it is one. */
  field?: string;
  item: z.ZodType;
  /** The same schema, but the items may be anything. */
  rest: z.ZodType;
}

interface Issue {
  message: string;
  path: PropertyKey[];
}

/** More than anybody is told of. */
const MAX_ISSUES = 100;

/** Schemas of bodies whose list is checked some items at a time. */
export const longLists = new WeakMap<z.ZodType, LongList>();

/** What the schema makes of a body with such a list. @returns undefined where there is none: there is nothing to it */
export function checkLongList(
  schema: z.ZodType,
  body: unknown,
): Promise<{ value: unknown } | { issues: Issue[] }> | undefined {
  const long = longLists.get(schema);
  const list = long?.field === undefined ? body : fieldsOf(body)[long.field];
  return long && Array.isArray(list) ? check(long, list, body) : undefined;
}

async function check({ field, item, rest }: LongList, list: unknown[], body: unknown) {
  const shell = rest.safeParse(body);
  if (!shell.success) return { issues: shell.error.issues };
  const turns = new Turns();
  const checked: unknown[] = [];
  const issues: Issue[] = [];
  for (const [i, given] of list.entries()) {
    const result = item.safeParse(given);
    if (result.success) checked.push(result.data);
    for (const { path, message } of result.error?.issues ?? []) {
      issues.push({ message, path: [...(field === undefined ? [] : [field]), i, ...path] });
    }
    if (issues.length >= MAX_ISSUES) break;
    await turns.pass();
  }
  if (issues.length > 0) return { issues };
  return { value: field === undefined ? checked : { ...fieldsOf(shell.data), [field]: checked } };
}

const fieldsOf = (body: unknown): Record<string, unknown> =>
  typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
