import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { accessEntities, ApiKeys, AuditLog, type Actor } from '@app/access';
import { dataSourceOptions, SealedColumns } from '@app/database';
import { ProofKeys } from '@app/deletions';
import { readSettings, settings, SettingsInvalid } from '@app/settings';
import { SecretBox } from '@app/vault';

class NoAdmin extends Error {}

/**
 * `npm run rotate-proof-key [-- --compromised]`: has a new key sign proofs from now on, in all processes at once. The old one stays
 * in the key set for what it signed; `--compromised` says that somebody else knows it, and nothing that it signed counts any more.
 * The audit log tells by whose API key: the admin's in BOOTSTRAP_API_KEY, or in FIRST_KEY_FILE. Exits 2 where it could not.
 */
const { DATABASE_URL, MASTER_KEYS, BOOTSTRAP_API_KEY, FIRST_KEY_FILE } = settings;
const schema = z.object({ DATABASE_URL, MASTER_KEYS, BOOTSTRAP_API_KEY, FIRST_KEY_FILE });
try {
  const { values } = parseArgs({ options: { compromised: { type: 'boolean', default: false } } });
  const env = readSettings(schema, process.env);
  const options = { url: env.DATABASE_URL, entities: accessEntities, applicationName: 'retract-rotate', poolSize: 2 };
  const dataSource = await new DataSource(dataSourceOptions(options)).initialize();
  try {
    const audit = AuditLog.of(dataSource);
    const actor = await actorOf(new ApiKeys(dataSource, audit), await apiKeyOf(env));
    const keys = new ProofKeys(dataSource, new SealedColumns(new SecretBox(env.MASTER_KEYS)));
    const { kid, retired } = await keys.rotate(values.compromised, (tx, made, old) =>
      audit.append(tx, actor, {
        action: 'proof_key.rotated',
        subjectType: 'proof_key',
        subjectId: made,
        data: { retired: old, compromised: values.compromised },
      }),
    );
    console.log(`Proofs are signed with the key ${kid} from now on.`);
    if (retired) {
      const fate = values.compromised
        ? 'is revoked: export anew what it signed'
        : 'stays in the key set for what it signed';
      console.log(`The key ${retired} ${fate}.`);
    }
  } finally {
    await dataSource.destroy();
  }
} catch (error) {
  console.error(error instanceof SettingsInvalid || error instanceof NoAdmin ? error.message : error);
  process.exitCode = 2;
}

async function apiKeyOf(env: z.output<typeof schema>): Promise<string> {
  if (env.BOOTSTRAP_API_KEY !== undefined) return env.BOOTSTRAP_API_KEY;
  return (await readFile(env.FIRST_KEY_FILE, 'utf8').catch(() => '')).trim();
}

async function actorOf(keys: ApiKeys, apiKey: string): Promise<Actor> {
  const principal = await keys.authenticate(apiKey);
  const isFullAdmin = principal?.role === 'admin' && !principal.scope.platforms && !principal.scope.merchants;
  if (!isFullAdmin) {
    throw new NoAdmin('Who rotates? BOOTSTRAP_API_KEY or FIRST_KEY_FILE must have the key of an admin without limits.');
  }
  return { ...principal, requestId: `rotate-${uuidv7()}`, ip: 'local' };
}
