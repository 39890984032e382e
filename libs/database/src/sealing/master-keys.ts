import { SecretBox, VaultError, type MasterKey } from '@app/vault';
import { keyFaults, MasterKeysRefused, type GivenKey } from './master-key-rule.js';
import { rows, type Sql } from '../sql/rows.js';
import { SealedColumns, type SealedCell } from './sealed-columns.js';
import { countKeyUses, holders, keyIdOf, keyIdsInUse, SEALED_COLUMNS } from './sealed-tables.js';

/** One that does not open may have been changed; of so many, one opens with the right key. */
const SAMPLES = 20;

/**
 * Whether everything that is sealed will open. Notes the keys that are new here, before anything is sealed with them.
 * @throws MasterKeysRefused
 */
export async function checkMasterKeys(sql: Sql, keys: readonly MasterKey[]): Promise<void> {
  await refuseFaults(sql, keys);
  for (const key of keys) {
    await sql.query(`INSERT INTO master_key_checks (key_id, sealed) VALUES ($1, $2) ON CONFLICT DO NOTHING`, [
      key.id,
      alone(key).seal(checkPlace(key.id), 'retract'),
    ]);
  }
  // Another process may have noted another key of the same id meanwhile.
  await refuseFaults(sql, keys);
}

/** How each key stands that is given. Changes nothing. */
export async function standingOf(sql: Sql, keys: readonly MasterKey[]): Promise<GivenKey[]> {
  const found = await rows<{ id: string; sealed: string }>(sql, `SELECT key_id AS id, sealed FROM master_key_checks`);
  const checks = new Map(found.map(({ id, sealed }) => [id, sealed]));
  const standing: GivenKey[] = [];
  for (const key of keys) {
    const check = checks.get(key.id);
    const opens = check === undefined ? await opensSamples(sql, key) : isOpenedBy(key, checkPlace(key.id), check);
    standing.push({ id: key.id, opens });
  }
  return standing;
}

async function refuseFaults(sql: Sql, keys: readonly MasterKey[]): Promise<void> {
  const faults = keyFaults(await standingOf(sql, keys), await keyIdsInUse(sql));
  if (faults.length === 0) return;
  const uses = await countKeyUses(
    sql,
    faults.map(({ keyId }) => keyId),
  );
  throw new MasterKeysRefused(faults, uses);
}

/** A key that is not noted yet may have sealed rows before keys were noted. */
async function opensSamples(sql: Sql, key: MasterKey): Promise<boolean | undefined> {
  let opens: boolean | undefined;
  for (const place of SEALED_COLUMNS) {
    const { table, column, rowId } = place;
    const samples = await rows<{ id: string; sealed: string }>(
      sql,
      `SELECT ${rowId} AS id, ${column} AS sealed FROM ${holders(place)} AND ${keyIdOf(column)} = $1 LIMIT ${SAMPLES}`,
      [key.id],
    );
    if (samples.some(({ id, sealed }) => isOpenedBy(key, { table, column, rowId: id }, sealed))) return true;
    if (samples.length > 0) opens = false;
  }
  return opens;
}

function isOpenedBy(key: MasterKey, place: SealedCell, sealed: string): boolean {
  try {
    alone(key).unseal(place, sealed);
    return true;
  } catch (error) {
    if (error instanceof VaultError) return false;
    throw error;
  }
}

const alone = (key: MasterKey) => new SealedColumns(new SecretBox([key]));

const checkPlace = (rowId: string) => ({ table: 'master_key_checks', column: 'sealed', rowId });
