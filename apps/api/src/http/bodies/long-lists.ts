import type { z } from 'zod';
import { checked, type Issue } from '../problems/field-errors.js';
import { Turns } from './turns.js';

/** A list of thousands within a body, and how its items are checked. */
export interface LongList {
  /** Undefined: the body itself is the list, if it is one. */
  field?: string;
  item: z.ZodType;
  /** The same schema, but the items may be anything. */
  rest: z.ZodType;
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
  const shell = checked(rest, body);
  if (!shell.success) return { issues: shell.error.issues };
  const turns = new Turns();
  const values: unknown[] = [];
  const issues: Issue[] = [];
  for (const [i, given] of list.entries()) {
    const result = checked(item, given);
    if (result.success) values.push(result.data);
    for (const issue of result.error?.issues ?? []) {
      issues.push({ ...issue, path: [...(field === undefined ? [] : [field]), i, ...issue.path] });
    }
    if (issues.length >= MAX_ISSUES) break;
    await turns.pass();
  }
  if (issues.length > 0) return { issues };
  return { value: field === undefined ? values : { ...fieldsOf(shell.data), [field]: values } };
}

const fieldsOf = (body: unknown): Record<string, unknown> =>
  typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
