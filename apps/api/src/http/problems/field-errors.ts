import { z } from 'zod';
import type { FieldError } from './problem.js';

/** As a schema finds it. One of a list is found item by item, and has the path of the whole. */
export type Issue = z.core.$ZodIssue;

/** `items[3].article_idx` */
export function fieldAt(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}

/** Of one object. A client that sends more means another request. */
const MAX_UNKNOWN = 20;
/** No name of a field is longer. */
const MAX_NAME = 40;

/** The fields of the object in which the unknown ones were found. */
const knownBeside = new WeakMap<readonly string[], string[]>();

/** What a schema makes of a value. `fieldErrors` tells what is wrong with it. */
export function checked<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): z.ZodSafeParseResult<z.output<Schema>> {
  return schema.safeParse(value, {
    error: (issue) => {
      if (issue.code === 'unrecognized_keys' && issue.inst instanceof z.ZodObject) {
        knownBeside.set(issue.keys, Object.keys(issue.inst.shape));
      }
      return issue.code === 'invalid_type' && issue.input === undefined ? 'is missing' : undefined;
    },
  });
}

/** Each field that is wrong, by its name: also an unknown one, and one that is wrong in the likeliest of several forms. */
export function fieldErrors(issues: readonly Issue[], before: readonly PropertyKey[] = []): FieldError[] {
  return issues.flatMap((issue) => {
    const path = [...before, ...issue.path];
    if (issue.code === 'unrecognized_keys') {
      const known = knownBeside.get(issue.keys) ?? [];
      return issue.keys
        .slice(0, MAX_UNKNOWN)
        .map((key) => ({ field: fieldAt([...path, key]), message: unknownTo(known, key) }));
    }
    // A form whose own type is another one is not meant.
    const meant =
      issue.code === 'invalid_union' &&
      issue.errors.find((form) => form.every(({ code, path: within }) => code !== 'invalid_type' || within.length > 0));
    return meant && meant.length > 0 ? fieldErrors(meant, path) : [{ field: fieldAt(path), message: issue.message }];
  });
}

function unknownTo(known: string[], key: string): string {
  const near = nearest(key, known);
  return near === undefined ? 'there is no such field' : `there is no such field: did you mean ${near}?`;
}

/** The name that was probably meant: a third of its letters may be wrong, but no more than two. */
export function nearest(given: string, names: readonly string[]): string | undefined {
  if (given.length > MAX_NAME) return undefined;
  const near = names
    .map((name) => ({ name, edits: editsBetween(given.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, edits }) => edits <= Math.min(2, Math.ceil(name.length / 3)));
  return near.sort((a, b) => a.edits - b.edits)[0]?.name;
}

/** Letters to add, to leave out or to change (Levenshtein). */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const [left = 0, above = 0, diagonal = 0] = [next[j], row[j + 1], row[j]];
      next.push(Math.min(left + 1, above + 1, diagonal + (letter === other ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
