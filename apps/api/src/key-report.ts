import type { DataSource } from 'typeorm';
import {
  countKeyUses,
  keyFaults,
  keyIdsInUse,
  SEALED_TABLES,
  standingOf,
  type KeyFault,
  type KeyUse,
} from '@app/database';
import type { MasterKey } from '@app/vault';

/** Prints what each of the keys is needed for. @returns whether one that is needed is missing or wrong */
export async function printKeyReport(dataSource: DataSource, keys: readonly MasterKey[]): Promise<boolean> {
  const { table, advice, problems } = keyReport(
    SEALED_TABLES.map((sealed) => sealed.table),
    keys.map(({ id }) => id),
    await countKeyUses(dataSource),
    keyFaults(await standingOf(dataSource, keys), await keyIdsInUse(dataSource)),
  );
  console.log([table, '', ...advice].join('\n'));
  for (const problem of problems) console.error(problem);
  return problems.length > 0;
}

/** What `npm run keys` says: rows by table and key, then what may be done with each key that is not the newest. */
export function keyReport(
  tables: readonly string[],
  given: readonly string[],
  uses: readonly KeyUse[],
  faults: readonly KeyFault[],
): { table: string; advice: string[]; problems: string[] } {
  const ids = [...new Set([...given, ...uses.map(({ keyId }) => keyId)])];
  const rowsOf = (keyId: string, table?: string) =>
    uses
      .filter((use) => use.keyId === keyId && (table === undefined || use.table === table))
      .reduce((sum, { rows }) => sum + rows, 0);
  const lines = tables.map((table) => [table, ...ids.map((id) => String(rowsOf(id, table)))]);
  const isAtFault = (id: string) => faults.some(({ keyId }) => keyId === id);
  const [newest, ...older] = given;
  return {
    table: aligned([['table', ...ids.map((id) => id || '(no key)')], ...lines]),
    advice: [
      `New secrets are sealed with ${newest}.`,
      ...older
        .filter((id) => !isAtFault(id))
        .map((id) => {
          const rows = rowsOf(id);
          if (rows === 0)
            return `${id} can go: no row needs it. Take it out of MASTER_KEYS everywhere, and keep it with old backups.`;
          return `${id} must stay: ${rows} rows need it. Workers that have both keys seal them anew, and so does retract reseal.`;
        }),
    ],
    problems: faults.map(({ keyId, fault }) =>
      fault === 'missing'
        ? `${keyId} is missing: ${rowsOf(keyId)} rows need it.`
        : `${keyId} is wrong: not the key that was used by this id. ${rowsOf(keyId)} rows need that one.`,
    ),
  };
}

/** Names to the left, numbers to the right. */
function aligned(lines: string[][]): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  '),
    )
    .join('\n');
}
