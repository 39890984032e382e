import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { inspect } from 'node:util';
import type { TestingModuleBuilder } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { SealedColumns } from '@app/database';
import { faultSchema } from '../../../../apps/simulator/src/behaviour/faults.js';
import { eventually } from '../../../../test/support/eventually.js';
import { GrantRows } from '../merchants/grant-rows.js';
import { MerchantsWorld, type WorldPlatform } from '../../../../test/support/merchants-world.js';
import { AccessTokens } from '../tokens/access-tokens.js';
import { ComponentTokens } from '../platforms/component-tokens.js';
import { AuthorizerTokens } from './authorizer-tokens.js';
import type { Merchant } from '../merchants/merchant.entity.js';
import { Merchants } from '../merchants/merchants.js';
import { Platforms } from '../platforms/platforms.js';

describe('tokens of a platform and its merchants', () => {
  let world: MerchantsWorld;
  let platform: WorldPlatform;
  let merchant: Merchant;
  /** Of another tenant: whatever happens to the merchant, this one stays as it was. */
  let neighbour: Merchant;
  let neighbourBefore: unknown;

  beforeAll(async () => {
    world = await MerchantsWorld.start();
    for (let i = 0; i < 3; i++) await world.process();
  });
  afterAll(() => world.close());

  beforeEach(async () => {
    platform = await world.platform();
    merchant = await world.merchant(platform);
    neighbour = await world.merchant(platform);
    neighbourBefore = await stored(neighbour);
  });
  afterEach(async () => {
    world.simulation.faults.clear();
    world.simulation.latencies.clear();
    world.simulation.settings.every_refresh_rotates_refresh_token = false;
    expect(await stored(neighbour)).toEqual(neighbourBefore);
  });

  const tokens = () => world.get(AuthorizerTokens);
  const stored = async ({ id }: Merchant) => [
    await world.sql(`SELECT * FROM merchants WHERE id = $1`, [id]),
    await world.sql(`SELECT * FROM access_tokens WHERE holder_id = $1`, [id]),
  ];
  const componentMints = () => world.calls('api_component_token', { component_appid: platform.componentAppid });
  const mints = (one = merchant) => world.calls('api_authorizer_token', { authorizer_appid: one.authorizerAppid });
  /** As WeChat has it. */
  const grant = () => {
    const found = platform.simulated.grants.get(merchant.authorizerAppid);
    if (!found) throw new Error('not granted');
    return found;
  };
  const storedRefreshToken = async () => (await world.get(GrantRows).grant(merchant.id)).refreshToken;
  const fault = (operation: string, errcode: number, times = 1) =>
    world.simulation.faults.add(
      faultSchema.parse({ operation, component_appid: platform.componentAppid, outcome: 'errcode', errcode, times }),
    );

  /** A process of its own that asks for the merchant's token, 200 times at once, when it gets a line. */
  function otherProcess() {
    const { id, platformId, authorizerAppid } = merchant;
    const brief = JSON.stringify({ ...world.surroundings, merchant: { id, platformId, authorizerAppid } });
    const child = spawn(process.execPath, [join(__dirname, 'minting-process.fixture.mjs'), brief], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
  }

  it('cost one component mint and one authorizer mint when four processes ask at once for a cold merchant', async () => {
    await world.expire(platform.id, merchant.id);
    const before = componentMints();
    world.simulation.latencies.set('*', { distribution: 'fixed', ms: 100 });
    const children = Array.from({ length: 4 }, () => otherProcess());
    const nextLines = () => Promise.all(children.map(async ({ lines }) => (await lines.next()).value));
    expect(await nextLines()).toEqual(Array(4).fill('ready'));

    const exits = children.map(({ child }) => once(child, 'exit'));
    for (const { child } of children) child.stdin.write('go\n');
    const [current] = await world.sql<{ version: number }>(
      `SELECT version + 1 AS version FROM access_tokens WHERE holder_id = $1`,
      [merchant.id],
    );
    expect(await nextLines()).toEqual(Array(4).fill(JSON.stringify([current?.version])));
    expect((await Promise.all(exits)).map(([code]) => code as number)).toEqual([0, 0, 0, 0]);

    expect(componentMints() - before).toBe(1);
    expect(mints()).toBe(1);
  });

  it('are minted by another process when the one that was minting is killed, after its lease, and nothing is lost', async () => {
    await world.expire(merchant.id);
    world.simulation.latencies.set('api_authorizer_token', { distribution: 'fixed', ms: 5_000 });
    const { child, lines } = otherProcess();
    expect((await lines.next()).value).toBe('ready');
    child.stdin.write('go\n');
    const lease = () =>
      world.sql<{ lease_until: Date | null }>(`SELECT lease_until FROM access_tokens WHERE holder_id = $1`, [
        merchant.id,
      ]);
    await eventually(lease, ([row]) => row?.lease_until != null);
    child.kill('SIGKILL');
    await once(child, 'exit');
    world.simulation.latencies.clear();

    // What is left of the lease is 30 s at the most: not waited for here.
    const [held] = await lease();
    expect(held?.lease_until?.getTime()).toBeLessThanOrEqual(Date.now() + 30_000);
    await world.sql(`UPDATE access_tokens SET lease_until = now() + interval '1 s' WHERE holder_id = $1`, [
      merchant.id,
    ]);
    const { token } = await tokens().current(merchant);
    expect(world.simulation.credentials.check(token)).toBeDefined();
    expect(await storedRefreshToken()).toBe(grant().refreshToken);
  });

  it('are minted once for many cold merchants of one platform', async () => {
    const many = await Promise.all(Array.from({ length: 15 }, () => world.merchant(platform)));
    await world.expire(platform.id, ...many.map(({ id }) => id));
    const before = componentMints();
    const held = await Promise.all(many.flatMap((one) => [tokens().current(one), tokens().current(one)]));
    expect(componentMints() - before).toBe(1);
    expect(many.map((one) => mints(one))).toEqual(many.map(() => 1));
    for (const { token } of held) expect(world.simulation.credentials.check(token)).toBeDefined();
  });

  it('come with the grant, so that a new merchant costs no mint', async () => {
    const { token } = await tokens().current(merchant);
    expect(world.simulation.credentials.check(token).owner.grant?.merchant.appid).toBe(merchant.authorizerAppid);
    expect(mints()).toBe(0);
  });

  it('are replaced once when WeChat has lost the component token, whoever notices', async () => {
    const many = await Promise.all(Array.from({ length: 10 }, () => world.merchant(platform)));
    await world.expire(...many.map(({ id }) => id));
    const before = componentMints();
    world.simulation.credentials.spoilPlatform(platform.simulated, 'lose_tokens');
    await Promise.all(many.map((one) => tokens().current(one)));
    expect(componentMints() - before).toBe(1);
  });

  it.each([40001, 40014, 42001, 42006])('survive %i to a component token once', async (errcode) => {
    await world.expire(merchant.id);
    fault('api_authorizer_token', errcode);
    await tokens().current(merchant);
    expect(mints()).toBe(2);
  });

  it('cost one call when the mint fails, however many ask, and none soon after', async () => {
    await world.expire(merchant.id);
    fault('api_authorizer_token', -1);
    const answers = await Promise.allSettled(Array.from({ length: 50 }, () => tokens().current(merchant)));
    expect(answers.every(({ status }) => status === 'rejected')).toBe(true);
    await expect(tokens().current(merchant)).rejects.toMatchObject({
      code: 'token_unavailable',
      failureCode: 'unknown_outcome',
    });
    expect(mints()).toBe(1);
    // The cooldown is over by itself.
    await eventually(
      () =>
        tokens()
          .current(merchant)
          .then(
            () => true,
            () => false,
          ),
      (isThere) => isThere,
    );
    expect(mints()).toBe(2);
  });

  it('need a ticket that is not older than twelve hours', async () => {
    const silent = await world.platform({ hasTicket: false });
    const use = (one: WorldPlatform) =>
      world
        .get(Platforms)
        .byId(one.id)
        .then((found) => world.get(ComponentTokens).use(found, async (token) => token));
    await expect(use(silent)).rejects.toMatchObject({ code: 'ticket_missing' });

    const old = await world.platform();
    await world.sql(`UPDATE platforms SET ticket_received_at = now() - interval '12 h 1 min' WHERE id = $1`, [old.id]);
    await expect(use(old)).rejects.toMatchObject({ code: 'ticket_missing' });
    expect(world.calls('api_component_token', { component_appid: silent.componentAppid })).toBe(0);
    expect(world.calls('api_component_token', { component_appid: old.componentAppid })).toBe(0);
  });

  it('keep the refresh token that a mint returned, and use it for the next', async () => {
    world.simulation.settings.every_refresh_rotates_refresh_token = true;
    for (let i = 0; i < 30; i++) {
      const before = grant().refreshToken;
      await world.expire(merchant.id);
      await tokens().current(merchant);
      expect(await storedRefreshToken()).toBe(grant().refreshToken);
      expect(grant().refreshToken).not.toBe(before);
      // Nothing older works from here on.
      grant().oldRefreshTokens = [];
    }
    expect(mints()).toBe(30);
  });

  it('keep the returned refresh token even if the access token that came with it is not kept', async () => {
    world.simulation.settings.every_refresh_rotates_refresh_token = true;
    world.simulation.latencies.set('api_authorizer_token', { distribution: 'fixed', ms: 300 });
    await world.expire(merchant.id);
    const asked = tokens().current(merchant);
    const leased = `SELECT 1 FROM access_tokens WHERE holder_id = $1 AND lease_owner IS NOT NULL`;
    await eventually(
      () => world.sql(leased, [merchant.id]),
      (found) => found.length === 1,
    );
    // As if another process had taken over and minted.
    await world.sql(
      `UPDATE access_tokens SET lease_owner = NULL, use_until = now() + interval '1 h', version = version + 1 WHERE holder_id = $1`,
      [merchant.id],
    );
    await asked;
    expect(mints()).toBe(1);
    expect(await storedRefreshToken()).toBe(grant().refreshToken);
  });

  it('are minted once also when the wait for the component token, whose minter died, outlasts the lease', async () => {
    const hasty = (builder: TestingModuleBuilder) =>
      builder.overrideProvider(AccessTokens).useFactory({
        factory: (dataSource: DataSource, sealed: SealedColumns) =>
          new AccessTokens(dataSource, sealed, { leaseMs: 1_500 }),
        inject: [DataSource, SealedColumns],
      });
    const processes = [await world.process({}, hasty), await world.process({}, hasty)];
    world.simulation.latencies.set('*', { distribution: 'fixed', ms: 300 });
    await world.expire(platform.id, merchant.id);
    await world.sql(
      `UPDATE access_tokens SET lease_owner = gen_random_uuid(), lease_until = now() + interval '1500 ms' WHERE holder_id = $1`,
      [platform.id],
    );
    await Promise.all(processes.map((process_) => process_.get(AuthorizerTokens).current(merchant)));
    expect(mints()).toBe(1);
  });

  it('are not stored for a merchant that takes its authorization back during the mint', async () => {
    world.simulation.latencies.set('api_authorizer_token', { distribution: 'fixed', ms: 300 });
    world.simulation.settings.every_refresh_rotates_refresh_token = true;
    await world.expire(merchant.id);
    const asked = expect(tokens().current(merchant)).rejects.toMatchObject({ code: 'unauthorized' });
    const leased = `SELECT 1 FROM access_tokens WHERE holder_id = $1 AND lease_owner IS NOT NULL`;
    await eventually(
      () => world.sql(leased, [merchant.id]),
      (found) => found.length === 1,
    );
    await world.push(platform, { InfoType: 'unauthorized', AuthorizerAppid: merchant.authorizerAppid });
    await asked;
    expect(await world.get(GrantRows).grant(merchant.id)).toMatchObject({
      state: 'unauthorized',
      refreshToken: undefined,
    });
    expect(await world.sql(`SELECT token_sealed FROM access_tokens WHERE holder_id = $1`, [merchant.id])).toEqual([
      { token_sealed: null },
    ]);
  });

  it.each([
    [61003, 'unauthorized'],
    [42007, 'reauthorization_required'],
  ])('teach with %i that the merchant is %s, after which WeChat is not asked again', async (errcode, state) => {
    await world.expire(merchant.id);
    fault('api_authorizer_token', errcode);
    await expect(tokens().current(merchant)).rejects.toMatchObject({ errcode });
    expect(await world.get(Merchants).byId(merchant.id)).toMatchObject({ state });
    await eventually(
      () =>
        tokens()
          .current(merchant)
          .catch((error: unknown) => error),
      (error) => error instanceof Error && 'code' in error && error.code === state,
    );
    expect(mints()).toBe(1);
  });

  it('do not let a late failure of an old grant speak against a new one', async () => {
    await world.expire(merchant.id);
    world.simulation.latencies.set('api_authorizer_token', { distribution: 'fixed', ms: 300 });
    fault('api_authorizer_token', 61023);
    const asked = tokens().current(merchant);
    await eventually(
      async () => mintsBegun(),
      (count) => count === 1,
    );
    const account = world.simulation.world.merchants.get(merchant.authorizerAppid);
    if (!account) throw new Error('no such account');
    await world.merchant(platform, account);
    await Promise.allSettled([asked]);
    expect(await world.get(Merchants).byId(merchant.id)).toMatchObject({ state: 'authorized' });
    expect(await storedRefreshToken()).toBe(grant().refreshToken);
  });

  /** Faults are taken as a call begins. */
  const mintsBegun = () => 1 - world.simulation.faults.list().length;

  it('name the call that failed without a word of a secret', async () => {
    await world.expire(merchant.id);
    fault('api_authorizer_token', 40013);
    const error: unknown = await tokens()
      .current(merchant)
      .catch((caught: unknown) => caught);
    const text = inspect(error, { depth: 10, showHidden: true });
    expect(text).toContain('api_authorizer_token');
    for (const secret of [grant().refreshToken, platform.secrets.appSecret]) expect(text).not.toContain(secret);
  });
});
