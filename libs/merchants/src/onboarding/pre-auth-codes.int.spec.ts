import { faultSchema } from '../../../../apps/simulator/src/behaviour/faults.js';
import { MerchantsWorld, type WorldPlatform } from '../../../../test/support/merchants-world.js';
import { PreAuthCodes } from './pre-auth-codes.js';

describe('pre-auth codes', () => {
  let world: MerchantsWorld;
  let other: Awaited<ReturnType<MerchantsWorld['process']>>;
  let platform: WorldPlatform;

  beforeAll(async () => {
    world = await MerchantsWorld.start();
    other = await world.process();
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    platform = await world.platform();
  });
  afterEach(() => world.simulation.faults.clear());

  const made = () => world.calls('api_create_preauthcode', { component_appid: platform.componentAppid });
  const take = (taker: string, perHour = 100, codes = world.get(PreAuthCodes)) =>
    codes.handOut(platform, taker, [{ spender: 'open', perHour }]);
  const bothTake = (takers: string[], perHour?: number) =>
    Promise.allSettled(
      takers.flatMap((taker) => [take(taker, perHour), take(taker, perHour, other.get(PreAuthCodes))]),
    );

  it('are made once for a taker who clicks many times at once, at several processes', async () => {
    const taken = await bothTake(Array<string>(10).fill('visit/1'));
    expect(taken.filter(({ status }) => status === 'rejected')).toEqual([]);
    expect(new Set(taken.map((one) => one.status === 'fulfilled' && one.value.code)).size).toBe(1);
    expect(made()).toBe(1);
    expect(await take('visit/1')).toEqual(taken[0]?.status === 'fulfilled' && taken[0].value);
    expect(made()).toBe(1);
  });

  it('are handed to one taker each, and are sealed', async () => {
    const takers = Array.from({ length: 10 }, (_, i) => `visit/${i}`);
    const codes = await Promise.all(takers.map(async (taker) => (await take(taker)).code));
    expect(new Set(codes).size).toBe(10);
    expect(made()).toBe(10);
    const stored = JSON.stringify(await world.sql(`SELECT * FROM pre_auth_codes`));
    expect(codes.filter((code) => stored.includes(code))).toEqual([]);
  });

  it('are made as often in an hour as the budget says, by all processes together, and again in the next', async () => {
    const takers = Array.from({ length: 12 }, (_, i) => `visit/${i}`);
    const taken = await bothTake(takers, 5);
    expect(made()).toBe(5);
    for (const one of taken) {
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'too_many_authorizations' });
    }
    const refusal = await take('visit/late', 5).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ retryAfterSeconds: expect.any(Number) });
    await world.sql(`UPDATE pre_auth_budgets SET hour = hour - interval '1 hour' WHERE platform_id = $1`, [
      platform.id,
    ]);
    await take('visit/late', 5);
    expect(made()).toBe(6);
    const neighbour = await world.platform();
    await world.get(PreAuthCodes).handOut(neighbour, 'visit/0', [{ spender: 'open', perHour: 5 }]);
  });

  it('are made anew when one has been used, or half of its life is over', async () => {
    const first = await take('link/1');
    await world.get(PreAuthCodes).spend(first.id, 'hash');
    const second = await take('link/1');
    await world.sql(`UPDATE pre_auth_codes SET handed_out_until = now() WHERE id = $1`, [second.id]);
    const third = await take('link/1');
    expect(new Set([first.code, second.code, third.code]).size).toBe(3);
    expect(new Set([first.id, second.id, third.id]).size).toBe(3);
  });

  it('of a process that was killed before it stored one are made by the next when its lease is over', async () => {
    await world.sql(
      `INSERT INTO pre_auth_codes (id, platform_id, taker, lease_until)
       VALUES (gen_random_uuid(), $1, 'link/1', now() + interval '500 ms')`,
      [platform.id],
    );
    expect((await take('link/1')).code).toMatch(/^preauthcode@@@/);
    expect(made()).toBe(1);
  });

  it('that WeChat does not give leave nothing behind but the count, and the next click asks again', async () => {
    world.simulation.faults.add(
      faultSchema.parse({
        operation: 'api_create_preauthcode',
        outcome: 'errcode',
        errcode: 45009,
        component_appid: platform.componentAppid,
      }),
    );
    await expect(take('visit/1')).rejects.toMatchObject({ errcode: 45009 });
    expect(await world.sql(`SELECT * FROM pre_auth_codes WHERE platform_id = $1`, [platform.id])).toEqual([]);
    expect(await world.sql(`SELECT made FROM pre_auth_budgets WHERE platform_id = $1`, [platform.id])).toEqual([
      { made: 1 },
    ]);
    expect((await take('visit/1')).code).toMatch(/^preauthcode@@@/);
  });

  it('are forgotten when they are handed out no more', async () => {
    const { id } = await take('visit/1');
    const fresh = await take('visit/2');
    await world.sql(`UPDATE pre_auth_codes SET handed_out_until = now() - interval '2 minutes' WHERE id = $1`, [id]);
    await world.get(PreAuthCodes).forgetOld();
    expect(await world.sql(`SELECT id FROM pre_auth_codes WHERE platform_id = $1`, [platform.id])).toEqual([
      { id: fresh.id },
    ]);
  });
});
