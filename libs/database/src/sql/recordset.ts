import type { Bind } from './statement.js';

/** The types in Postgres that a JavaScript value may have. An id of WeChat's is a string, for it may exceed 2^53. */
type SqlType<Value> = Value extends string
  ? 'uuid' | 'text' | 'bigint' | 'json'
  : Value extends number
    ? 'int' | 'float8'
    : Value extends boolean
      ? 'boolean'
      : Value extends Date
        ? 'timestamptz'
        : never;

/** The columns of a recordset: names of properties, each with the type that its values have in Postgres. */
export type ColumnTypes<Row> = { [Name in keyof Row]?: SqlType<NonNullable<Row[Name]>> };

/**
 * Rows as a table in a FROM, one array for each column: a statement has the same text for one row and for thousands. An
 * absent value is NULL. Columns have the names of the properties, in snake case.
 * @param alias the table's name
 * @returns e.g. `unnest($1::uuid[], $2::int[]) AS ended (run_id, errcode)`
 */
export function recordset<Row extends object>(
  bind: Bind,
  alias: string,
  rows: readonly Row[],
  types: ColumnTypes<Row>,
): string {
  const names = Object.keys(types) as (keyof Row & string)[];
  const arrays = names.map((name) => `${bind(rows.map((row) => row[name] ?? null))}::${types[name]}[]`);
  return `unnest(${arrays.join(', ')}) AS ${alias} (${names.map(snakeCase).join(', ')})`;
}

/** Of the properties that were named before: statements name the same few again and again. */
const columnOf = new Map<string, string>();

function snakeCase(name: string): string {
  const known = columnOf.get(name);
  if (known !== undefined) return known;
  const column = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  columnOf.set(name, column);
  return column;
}
