import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { SealedColumns } from '@app/database';
import { GrantRows, Platforms, type Merchant } from '@app/merchants';
import { startBuiltApp } from './support/built-app.js';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';
import { MerchantsWorld, type WorldPlatform } from './support/merchants-world.js';

/** More than one sweep seals anew. */
const MERCHANTS = 2_500;
const AUTHORIZED = 10;

describe('a deployment whose master keys change', () => {
  let world: MerchantsWorld;
  let platform: WorldPlatform;
  let merchants: Merchant[];
  let port: number;
  const newKey = `k2:${randomBytes(32).toString('base64')}`;

  beforeAll(async () => {
    world = await MerchantsWorld.start();
    port = await freePort();
    platform = await world.platform();
    merchants = [];
    for (let i = 0; i < AUTHORIZED; i++) merchants.push(await world.merchant(platform));
    await addMerchants(MERCHANTS - AUTHORIZED);
  });
  afterAll(() => world.close());

  const cellOf = (rowId: string) => ({ table: 'merchants', column: 'refresh_token_sealed', rowId });

  async function addMerchants(count: number): Promise<void> {
    const ids = Array.from({ length: count }, () => randomUUID());
    const sealed = ids.map((id) => world.get(SealedColumns).seal(cellOf(id), `token of ${id}`));
    await world.sql(
      `INSERT INTO merchants (id, platform_id, authorizer_appid, state, refresh_token_sealed)
       SELECT id, $1, id::text, 'unauthorized', sealed FROM unnest($2::uuid[], $3::text[]) AS new (id, sealed)`,
      [platform.id, ids, sealed],
    );
  }

  const settings = (masterKeys: string) => ({
    DATABASE_URL: world.database.url,
    MASTER_KEYS: masterKeys,
    BOOTSTRAP_API_KEY: `rk_${'a'.repeat(40)}`,
    PORT: String(port),
    WECHAT_API_URL: world.simulator.url,
  });

  const run = (script: string, masterKeys: string) =>
    new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
      const env = { PATH: process.env.PATH, ...settings(masterKeys) };
      execFile(process.execPath, [`dist/apps/${script}.js`], { env }, (error, out, err) =>
        resolve({ code: error ? error.code : 0, out, err }),
      );
    });

  const rowsByKey = async () => {
    const counts = await world.sql<{ id: string; count: number }>(
      `SELECT split_part(refresh_token_sealed, '.', 2) AS id, count(*)::int FROM merchants GROUP BY 1`,
    );
    return Object.fromEntries(counts.map(({ id, count }) => [id, count]));
  };

  it.each(['api', 'worker'])('lets no %s start with another key by the same id, or without it', async (app) => {
    const otherKey = randomBytes(32).toString('base64');
    const refused = [
      [`test:${otherKey}`, 'Key "test" is not the one that was used by this id.'],
      [newKey, 'Key "test" is missing.'],
    ] as const;
    for (const [masterKeys, sentence] of refused) {
      const { code, out, err } = await run(`${app}/src/main`, masterKeys);
      const lines = `${out}${err}`.trim().split('\n');
      expect({ code, lines: lines.length }).toEqual({ code: 1, lines: 1 });
      expect(JSON.parse(lines[0] ?? '')).toMatchObject({
        message: 'the start has ended',
        reason:
          `MASTER_KEYS does not fit the database. ${sentence} ` +
          `Rows that need it: platforms 1, merchants ${MERCHANTS}, access_tokens ${AUTHORIZED + 1}.`,
      });
      expect(lines[0]).not.toContain(otherKey);
    }
  });

  it('has everything sealed anew in the background, also by workers that are killed, until the old key can go', async () => {
    const both = `${newKey},${world.surroundings.masterKeys}`;
    expect((await run('api/src/keys', both)).out).toMatch(
      new RegExp(`^merchants +0 +${MERCHANTS}$[^]*^test must stay: \\d+ rows need it`, 'm'),
    );
    const killed = await startBuiltApp('worker', settings(both));
    await eventually(rowsByKey, (counts) => (counts.k2 ?? 0) > 0);
    await killed.end('SIGKILL');
    expect(Object.values(await rowsByKey()).reduce((sum, count) => sum + count)).toBe(MERCHANTS);
    const worker = await startBuiltApp('worker', settings(both));
    await eventually(rowsByKey, (counts) => counts.test === undefined);
    const told = () => run('api/src/keys', both);
    expect(await eventually(told, ({ out }) => out.includes('test can go'))).toMatchObject({
      code: 0,
      err: '',
    });
    expect(await worker.end('SIGTERM')).toBe(0);
    expect(await rowsByKey()).toEqual({ k2: MERCHANTS });
  });

  it('then goes on with the new key alone: every token opens', async () => {
    const api = await startBuiltApp('api', settings(newKey));
    const worker = await startBuiltApp('worker', settings(newKey));
    const later = await world.process({ masterKeys: newKey });
    for (const { id, authorizerAppid } of merchants) {
      expect((await later.get(GrantRows).grant(id)).refreshToken).toBe(
        platform.simulated.grants.get(authorizerAppid)?.refreshToken,
      );
    }
    const others = await world.sql<{ id: string; sealed: string }>(
      `SELECT id, refresh_token_sealed AS sealed FROM merchants WHERE state = 'unauthorized'`,
    );
    expect(others).toHaveLength(MERCHANTS - AUTHORIZED);
    for (const { id, sealed } of others) {
      expect(later.get(SealedColumns).unseal(cellOf(id), sealed)).toBe(`token of ${id}`);
    }
    expect(await later.get(Platforms).ticket(platform.id)).toMatch(/^ticket@@@/);
    expect(await later.get(Platforms).appSecret(platform.id)).toBe(platform.secrets.appSecret);
    expect((await fetch(`http://127.0.0.1:${port}/health/ready`)).status).toBe(200);
    expect(await Promise.all([api.end('SIGTERM'), worker.end('SIGTERM')])).toEqual([0, 0]);
    expect(await run('api/src/keys', world.surroundings.masterKeys)).toMatchObject({
      code: 1,
      err: expect.stringContaining('k2 is missing'),
    });
  });
});
