import { rows, type Sql } from '../sql/rows.js';

export interface SealedTable {
  table: string;
  /** The column that a row is known by in `SealedCell`. */
  rowId: string;
  columns: readonly string[];
  /** SQL that narrows a look to the rows that may hold a secret, where there is an index of those. */
  among?: string;
}

/** Everything that is sealed. A column that is added belongs here too; a test compares this with the schema. */
export const SEALED_TABLES: readonly SealedTable[] = [
  {
    table: 'platforms',
    rowId: 'id',
    columns: [
      'app_secret_sealed',
      'token_sealed',
      'encoding_aes_key_sealed',
      'previous_encoding_aes_key_sealed',
      'ticket_sealed',
    ],
  },
  { table: 'merchants', rowId: 'id', columns: ['refresh_token_sealed'] },
  { table: 'pre_auth_codes', rowId: 'id', columns: ['code_sealed'] },
  { table: 'access_tokens', rowId: 'holder_id', columns: ['token_sealed'] },
  { table: 'callback_events', rowId: 'id', columns: ['payload_sealed'], among: `state = 'pending'` },
  { table: 'callback_forwards', rowId: 'id', columns: ['push_sealed'], among: `state = 'pending'` },
  { table: 'webhook_endpoints', rowId: 'id', columns: ['secret_sealed', 'previous_secret_sealed'] },
  { table: 'proof_keys', rowId: 'id', columns: ['private_key_sealed'] },
];

export type SealedColumn = Omit<SealedTable, 'columns'> & { column: string };

export const SEALED_COLUMNS: readonly SealedColumn[] = SEALED_TABLES.flatMap(({ columns, ...table }) =>
  columns.map((column) => ({ ...table, column })),
);

/** How many rows of a table hold something that is sealed with a key. */
export interface KeyUse {
  keyId: string;
  table: string;
  rows: number;
}

/** SQL: the id of the key that a value is sealed with, as the indexes have it. What is no envelope has none: ''. */
export const keyIdOf = (column: string) => `split_part(${column}, '.', 2)`;

/** SQL: the rows of a column that may hold a secret. */
export const holders = ({ table, column, among }: SealedColumn) =>
  `${table} WHERE ${column} IS NOT NULL${among ? ` AND ${among}` : ''}`;

/** The ids of all keys that anything is sealed with, from one to the next, however many rows there are of each. */
export async function keyIdsInUse(sql: Sql): Promise<string[]> {
  const ids = new Set<string>();
  for (const place of SEALED_COLUMNS) {
    const keyId = keyIdOf(place.column);
    const next = (after: string) =>
      `(SELECT ${keyId} AS id FROM ${holders(place)} AND ${keyId} > ${after} ORDER BY 1 LIMIT 1)`;
    const found = await rows<{ id: string }>(
      sql,
      `WITH RECURSIVE used AS (${next(`''`)} UNION ALL SELECT next.id FROM used, LATERAL ${next('used.id')} AS next)
       SELECT id FROM used`,
    );
    for (const { id } of found) ids.add(id);
  }
  return [...ids].sort();
}

/** Reads every sealed value of these keys, of all keys if none is named: for those who ask, not for every start. */
export async function countKeyUses(sql: Sql, keyIds?: readonly string[]): Promise<KeyUse[]> {
  const counts = SEALED_TABLES.map(({ columns, ...table }) => {
    const values = columns.map(
      (column) =>
        `SELECT ${table.rowId} AS id, ${keyIdOf(column)} AS key_id FROM ${holders({ ...table, column })}
         ${keyIds ? `AND ${keyIdOf(column)} = ANY($1)` : ''}`,
    );
    return `SELECT key_id AS "keyId", '${table.table}' AS "table", count(DISTINCT id)::int AS rows
            FROM (${values.join(' UNION ALL ')}) AS sealed GROUP BY key_id`;
  });
  return rows(sql, counts.join(' UNION ALL '), keyIds ? [keyIds] : []);
}
