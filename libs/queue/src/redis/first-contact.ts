import { Command, Redis } from 'ioredis';
import { tlsFault, Unfit } from '@app/settings';
import { COMMANDS, LACKING } from './rights.js';

const THEIRS = 'maxmemory_policy:';
const OURS = 'retract_maxmemory_policy:';

// BullMQ looks for that line of INFO on every connection that it opens, and writes of it on the console, among our
// JSON.
Command.setReplyTransformer('info', (reply: unknown) =>
  typeof reply === 'string' ? reply.replace(new RegExp(`^${THEIRS}`, 'm'), OURS) : reply,
);

const ANSWERS_WITHIN_MS = 5_000;

/**
 * One short connection before any other: those of BullMQ try again for ever, and of what failed they say only that it
 * did.
 * @param key one of the queue's
 * @returns the policy by which Redis makes room when its memory is full, if it may throw jobs away
 * @throws Unfit, and what the server or the network says
 */
export async function firstContact(setting: string, url: string, key: string): Promise<string | undefined> {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: 3_000,
    commandTimeout: ANSWERS_WITHIN_MS,
    retryStrategy: () => null,
    // What is not ready yet says so to the first command.
    enableReadyCheck: false,
    disableClientInfo: true,
  });
  // Of TLS, the password and the database's number, only an event tells what is wrong.
  let wrong: Error | undefined;
  client.on('error', (error) => (wrong ??= error));
  try {
    await client.connect();
    const info = await client.info();
    if (/^redis_mode:sentinel/m.test(info)) throw new Unfit(setting, `names a Sentinel: ${NAME_THE_PRIMARY}`);
    // ioredis would go on in database 0, which may be somebody else's.
    if (wrong) throw numberUnfit(setting, wrong);
    const lacking = (await client.eval(LACKING, 1, key, ...COMMANDS)) as string[];
    if (lacking.length > 0) throw lackingUnfit(setting, lacking);
    const policy = new RegExp(`^${OURS}([a-z-]+)`, 'm').exec(info)?.[1];
    return policy === 'noeviction' ? undefined : policy;
  } catch (error) {
    if (error instanceof Unfit) throw error;
    const cause = wrong ?? error;
    const fault = tlsFault(cause);
    throw fault ? new Unfit(setting, fault, { cause }) : cause;
  } finally {
    client.disconnect();
  }
}

const SEE = 'see docs/operations.md, The queue in Redis.';
const NAME_THE_PRIMARY = `name the primary, by an address that follows it; ${SEE}`;

const numberUnfit = (setting: string, error: Error) =>
  /\bDB index\b|\bSELECT\b/i.test(error.message)
    ? new Unfit(setting, `names a number of a database that its Redis does not have (${error.message}): ${SEE}`)
    : error;

const lackingUnfit = (setting: string, commands: string[]) =>
  new Unfit(setting, `names a user of Redis who may not run ${commands.join(', ')} on our keys (NOPERM): ${SEE}`);
