import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { accessEntities, ApiKeys, AuditLog, type Actor } from '@app/access';
import { ProgramEnded, runProgram, SealedColumns, withDatabase } from '@app/database';
import { ProofKeys, ProofKeyUnknown, type ProofKeyChange } from '@app/deletions';
import { readSettings, settings } from '@app/settings';
import { SecretBox } from '@app/vault';

const USAGE = 'usage: npm run rotate-proof-key [-- --compromised | --all | --kid=KID]';

/**
 * `npm run rotate-proof-key [-- --compromised | --all | --kid=KID]`: has a new key sign proofs from now on, in all
 * processes at once. The old one stays in the key set for what it signed, without its private part. The options say
 * which keys somebody else may know, so that nothing they signed counts any more: the one that signed until now
 * (`--compromised`), every one there ever was (`--all`), or the one of that name (`--kid`); if that one has retired,
 * the key that signs goes on. The audit log tells by whose API key: the admin's in BOOTSTRAP_API_KEY, or in
 * FIRST_KEY_FILE. Exits 2 where it could not.
 */
const { DATABASE_URL, MASTER_KEYS, BOOTSTRAP_API_KEY, FIRST_KEY_FILE } = settings;
const schema = z.object({ DATABASE_URL, MASTER_KEYS, BOOTSTRAP_API_KEY, FIRST_KEY_FILE });
await runProgram(async () => {
  const compromised = compromisedOf(process.argv.slice(2));
  const env = readSettings(schema, process.env);
  const options = { url: env.DATABASE_URL, entities: accessEntities, applicationName: 'retract-rotate', poolSize: 2 };
  await withDatabase(options, async (dataSource) => {
    const audit = AuditLog.of(dataSource);
    const actor = await actorOf(new ApiKeys(dataSource, audit), await apiKeyOf(env));
    const keys = new ProofKeys(dataSource, new SealedColumns(new SecretBox(env.MASTER_KEYS)));
    const rotating = keys.rotate(compromised, async (tx, { made, retired, revoked }) => {
      const subjectType = 'proof_key';
      if (made) {
        const data = { retired, compromised: retired !== undefined && revoked.includes(retired) };
        await audit.append(tx, actor, { action: 'proof_key.rotated', subjectType, subjectId: made, data });
      }
      for (const kid of revoked) {
        await audit.append(tx, actor, { action: 'proof_key.revoked', subjectType, subjectId: kid });
      }
    });
    const change = await rotating.catch((error: unknown) => {
      throw error instanceof ProofKeyUnknown ? new ProgramEnded(error.message, { cause: error }) : error;
    });
    for (const sentence of tell(change)) console.log(sentence);
  });
});

function compromisedOf(args: string[]): Parameters<ProofKeys['rotate']>[0] {
  const options = { compromised: { type: 'boolean' }, all: { type: 'boolean' }, kid: { type: 'string' } } as const;
  try {
    const { compromised, all, kid } = parseArgs({ args, options }).values;
    if ([compromised, all, kid].filter((value) => value !== undefined).length > 1) throw new Error('too many options');
    if (kid !== undefined) return { kid };
    if (all) return 'all';
    return compromised ? 'current' : 'none';
  } catch (error) {
    throw new ProgramEnded(USAGE, { cause: error });
  }
}

function tell({ made, retired, revoked }: ProofKeyChange): string[] {
  const isKept = retired !== undefined && !revoked.includes(retired);
  const sentences = [
    ...(made ? [`Proofs are signed with the key ${made} from now on.`] : []),
    ...(isKept ? [`The key ${retired} stays in the key set for what it signed.`] : []),
    ...revoked.map((kid) => `The key ${kid} is revoked: export anew what it signed.`),
  ];
  return sentences.length > 0 ? sentences : ['That key was revoked before. Nothing has changed.'];
}

async function apiKeyOf(env: z.output<typeof schema>): Promise<string> {
  if (env.BOOTSTRAP_API_KEY !== undefined) return env.BOOTSTRAP_API_KEY;
  return (await readFile(env.FIRST_KEY_FILE, 'utf8').catch(() => '')).trim();
}

async function actorOf(keys: ApiKeys, apiKey: string): Promise<Actor> {
  const principal = await keys.authenticate(apiKey);
  const isFullAdmin = principal?.role === 'admin' && !principal.scope.platforms && !principal.scope.merchants;
  if (!isFullAdmin) {
    throw new ProgramEnded(
      'Who rotates? BOOTSTRAP_API_KEY or FIRST_KEY_FILE must have the key of an admin without limits.',
    );
  }
  return { ...principal, requestId: `rotate-${uuidv7()}`, ip: 'local' };
}
