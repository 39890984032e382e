import { randomUUID } from 'node:crypto';
import type { Merchant } from '@app/merchants';
import { eventually } from '../../../../test/support/eventually.js';
import { DeletionsDesk } from '../../../../test/support/deletions-desk.js';
import type { HoldReason } from './platform-hold.entity.js';
import type { Run } from '../runs/run.js';
import { nextShanghaiMidnight, shanghaiDay } from '../pacing/shanghai-day.js';

/** A deletion that is not looked at any more. */
const NOBODY = randomUUID();
let desk: DeletionsDesk;

beforeAll(async () => {
  desk = await DeletionsDesk.open();
});
afterAll(() => desk.close());

/** Merchants of one platform, each with deletions in its lane. */
async function aPlatform(merchants: number, deletions = 2): Promise<{ id: string; merchants: Merchant[] }> {
  const first = await desk.aMerchant();
  const others = Array.from({ length: merchants - 1 }, () => desk.aMerchant({}, first.platformId));
  const all = [first, ...(await Promise.all(others))];
  for (const merchant of all) await desk.accept(merchant, deletions);
  return { id: first.platformId, merchants: all };
}

async function dispatchOf(platformId: string): Promise<string[]> {
  const dispatched = (await desk.laneDispatch.dispatch()).map(({ id }) => id);
  const own = await desk.sql<{ id: string }>(
    `SELECT d.id FROM deletions d JOIN merchants m ON m.id = d.merchant_id WHERE m.platform_id = $1 AND d.id = ANY($2)`,
    [platformId, dispatched],
  );
  return own.map(({ id }) => id);
}

async function claimed(id: string): Promise<Run> {
  const claim = await desk.runs.claim(id);
  if (!claim.claimed) throw new Error('not claimed');
  return claim.run;
}

const hold = (platformId: string, deletionId: string, reason: HoldReason, errcode?: number, isOfMint = false) =>
  desk.holds.hold({ platformId, deletionId, reason, errcode, isOfMint });
const platform = async (id: string) => {
  const [row] = await desk.sql<Record<string, unknown>>(
    `SELECT reason, errcode, probes FROM platform_holds WHERE platform_id = $1`,
    [id],
  );
  return row;
};
/** Expects that what is done has the next probe sent after so many seconds, however long it takes itself. */
async function expectPause(id: string, seconds: number, done: () => Promise<unknown>): Promise<void> {
  const [clock] = await desk.sql<{ begun: string }>(`SELECT clock_timestamp()::text AS begun`);
  await done();
  const [pause] = await desk.sql<{ least: number; most: number }>(
    `SELECT extract(epoch FROM probe_at - clock_timestamp())::float8 AS least,
       extract(epoch FROM probe_at - $2::timestamptz)::float8 AS most FROM platform_holds WHERE platform_id = $1`,
    [id, clock?.begun],
  );
  expect(pause?.least).toBeLessThanOrEqual(seconds);
  expect(pause?.most).toBeGreaterThanOrEqual(seconds);
}
const eventsOf = async (id: string) =>
  (await desk.sql<{ type: string }>(`SELECT type FROM events WHERE platform_id = $1 ORDER BY seq`, [id])).map(
    ({ type }) => type,
  );
const endPause = (id: string) => desk.sql(`UPDATE platform_holds SET probe_at = now() WHERE platform_id = $1`, [id]);

describe('a platform for which every call fails', () => {
  it('is held once, however many calls find out together, and says so once', async () => {
    const { id } = await aPlatform(3);
    const [first = '', ...others] = await dispatchOf(id);
    expect(others.length).toBeGreaterThan(0);
    const findOut = () => Promise.all([first, ...others].map((one) => hold(id, one, 'platform_broken', 61004)));
    await expectPause(id, 5, findOut);
    expect(await platform(id)).toEqual({ reason: 'platform_broken', errcode: 61004, probes: 0 });
    expect(await eventsOf(id)).toEqual(['platform.held']);
  });

  it('has nothing leave its lanes, and what had left already makes no call', async () => {
    const { id, merchants } = await aPlatform(2);
    const [first = '', second = ''] = await dispatchOf(id);
    for (const merchant of merchants) await desk.keepToken(merchant.id);
    await hold(id, first, 'connect_failed');
    expect(await claimed(second)).toMatchObject({ isHeld: true, isProbe: false, call: 'none' });
    expect(await dispatchOf(id)).toEqual([]);
    const other = await aPlatform(1, 1);
    expect(await dispatchOf(other.id)).toHaveLength(1);
  });

  it('is probed with one deletion after a pause, and the next pause is longer', async () => {
    const { id } = await aPlatform(3);
    await hold(id, NOBODY, 'platform_broken', 40125);
    await desk.holds.probe();
    expect(await dispatchOf(id)).toEqual([]);
    await endPause(id);
    await desk.holds.probe();
    const [probe = '', ...others] = await dispatchOf(id);
    expect(others).toEqual([]);
    await desk.holds.probe();
    expect(await dispatchOf(id)).toEqual([]);
    expect(await claimed(probe)).toMatchObject({ isHeld: false, isProbe: true });
    await expectPause(id, 10, () => hold(id, probe, 'platform_broken', 40125));
    expect(await platform(id)).toMatchObject({ probes: 1 });
    expect(await eventsOf(id)).toEqual(['platform.held']);
  });

  describe('is probed without waiting for the end of the pause', () => {
    const appid = () => `wx${randomUUID().replaceAll('-', '').slice(0, 16)}`;
    const secrets = { appSecret: 'secret', token: 'token', encodingAesKey: 'a'.repeat(43) };
    const ticket = ({ id }: { id: string }) =>
      desk.platforms.keepTicket(desk.dataSource.manager, id, 'ticket', new Date());
    const secret = ({ componentAppid }: { componentAppid: string }) =>
      desk.platforms.update(componentAppid, { appSecret: 'another' });
    it.each<[string, HoldReason, (registered: { id: string; componentAppid: string }) => Promise<unknown>, boolean]>([
      ['when the ticket comes that it waits for', 'ticket_missing', ticket, true],
      ['when a ticket comes that WeChat may take', 'ticket_invalid', ticket, true],
      ['not when a ticket comes that it does not wait for', 'platform_broken', ticket, false],
      ['when its secret is mended', 'platform_broken', secret, true],
    ])('%s', async (_when, reason, mend, isProbed) => {
      const registered = await desk.platforms.register(appid(), secrets);
      const merchant = await desk.aMerchant({}, registered.id);
      const [other = ''] = await desk.accept(merchant, 1);
      await hold(registered.id, NOBODY, reason);
      const nextProbeAt = async () =>
        (await desk.holds.of([registered.id])).get(registered.id)?.nextProbeAt.getTime() ?? 0;
      await desk.holds.probe();
      expect(await dispatchOf(registered.id)).toEqual([]);
      expect(await nextProbeAt()).toBeGreaterThan(Date.now());
      await mend(registered);
      expect((await nextProbeAt()) <= Date.now()).toBe(isProbed);
      await desk.holds.probe();
      expect(await dispatchOf(registered.id)).toEqual(isProbed ? [other] : []);
      if (!isProbed) return;
      // It was not mended after all, and is not taken for mended again.
      await hold(registered.id, other, reason);
      expect(await nextProbeAt()).toBeGreaterThan(Date.now());
    });

    it('also when the ticket was already being stored as the hold began', async () => {
      const { id } = await desk.platforms.register(appid(), secrets);
      await desk.dataSource.transaction(async (tx) => {
        await desk.platforms.keepTicket(tx, id, 'ticket', new Date());
        await hold(id, NOBODY, 'ticket_missing');
      });
      const found = await desk.holds.of([id]);
      expect(found.get(id)?.nextProbeAt.getTime()).toBeLessThanOrEqual(Date.now());
    });
  });

  it('has another probe at once when one goes back without a call', async () => {
    const { id } = await aPlatform(3, 1);
    await hold(id, NOBODY, 'platform_broken', 40125);
    expect(await dispatchOf(id)).toEqual([]);
    await endPause(id);
    await desk.holds.probe();
    const [probe = ''] = await dispatchOf(id);
    const run = await claimed(probe);

    await desk.holds.handBackProbe(id, probe);
    await desk.runs.giveBack(run);

    // As soon as its lane has a slot again.
    const [again = '', ...others] = await eventually(
      () => dispatchOf(id),
      (ids) => ids.length > 0,
    );
    expect(others).toEqual([]);
    expect(await claimed(again)).toMatchObject({ isHeld: false, isProbe: true });
  });

  it('goes on with everybody when the probe is answered', async () => {
    const { id } = await aPlatform(3, 1);
    await hold(id, NOBODY, 'ticket_invalid', 61006);
    expect(await dispatchOf(id)).toEqual([]);
    await endPause(id);
    await desk.holds.probe();
    const [probe = ''] = await dispatchOf(id);
    // A call that was under way when the hold began says nothing.
    await desk.holds.resume(id, randomUUID());
    expect(await dispatchOf(id)).toEqual([]);
    await desk.holds.resume(id, probe);
    expect(await dispatchOf(id)).toHaveLength(2);
    expect(await platform(id)).toBeUndefined();
    expect(await eventsOf(id)).toEqual(['platform.held', 'platform.resumed']);
  });

  it('is probed again when a probe was never heard of', async () => {
    const { id } = await aPlatform(2);
    await hold(id, NOBODY, 'connect_failed');
    expect(await dispatchOf(id)).toEqual([]);
    await endPause(id);
    await desk.holds.probe();
    expect(await dispatchOf(id)).toHaveLength(1);
    await endPause(id);
    await desk.holds.probe();
    expect(await dispatchOf(id)).toHaveLength(1);
  });

  it('is probed with an urgent deletion when only the reserve is left', async () => {
    const merchant = await desk.aMerchant();
    const [urgent = ''] = await desk.accept(merchant, 1, { isUrgent: true });
    await desk.accept(merchant, 1);
    const now = new Date();
    await desk.sql(
      `WITH ledger AS (UPDATE account_ledgers SET quota_day = $2, quota_used = 8 WHERE authorizer_appid = (SELECT authorizer_appid FROM merchants WHERE id = $1))
       UPDATE merchant_pacing SET blocked_for = 'daily_quota', blocked_until = $3 WHERE merchant_id = $1`,
      [merchant.id, shanghaiDay(now), nextShanghaiMidnight(now)],
    );
    await hold(merchant.platformId, NOBODY, 'platform_broken', 61004);
    expect(await dispatchOf(merchant.platformId)).toEqual([]);
    await endPause(merchant.platformId);
    await desk.holds.probe();
    expect(await dispatchOf(merchant.platformId)).toEqual([urgent]);
  });

  it('for want of a token goes on with those who have one, and is probed by one who has none', async () => {
    const { id, merchants } = await aPlatform(2, 1);
    const [withToken, without] = merchants;
    await desk.keepToken(withToken?.id ?? '');
    await hold(id, NOBODY, 'ticket_missing', undefined, true);
    const [first = '', ...others] = await dispatchOf(id);
    expect(others).toEqual([]);
    expect((await desk.view([first]))[0]).toMatchObject({ merchantId: withToken?.id });
    expect(await claimed(first)).toMatchObject({
      isHeld: false,
      isProbe: false,
      call: { written: expect.any(String) },
    });
    await endPause(id);
    await desk.holds.probe();
    const [probe = ''] = await dispatchOf(id);
    expect((await desk.view([probe]))[0]).toMatchObject({ merchantId: without?.id });
    expect(await claimed(probe)).toMatchObject({ isHeld: false, isProbe: true });
  });

  it('is held for all when those who have a token fail too', async () => {
    const { id, merchants } = await aPlatform(2, 2);
    const [withToken] = merchants;
    await desk.keepToken(withToken?.id ?? '');
    await hold(id, NOBODY, 'platform_broken', 40125, true);
    const [first = ''] = await dispatchOf(id);
    expect(await hold(id, first, 'platform_broken', 61004)).toBe(false);
    expect(await dispatchOf(id)).toEqual([]);
    expect(await eventsOf(id)).toEqual(['platform.held']);
  });

  it('costs who began it a retry when another merchant’s probe passes', async () => {
    const { id, merchants } = await aPlatform(2, 1);
    const left = await dispatchOf(id);
    const [odd] = await desk.view(left.slice(0, 1));
    expect(await hold(id, odd?.id ?? '', 'platform_broken', 40013)).toBe(true);
    const other = merchants.find((merchant) => merchant.id !== odd?.merchantId);
    const [probe = ''] = left.slice(1);
    await desk.sql(`UPDATE platform_holds SET probe_merchant_id = $2, probe_deletion_id = $3 WHERE platform_id = $1`, [
      id,
      other?.id,
      probe,
    ]);
    await desk.holds.resume(id, probe);
    expect(await desk.view([odd?.id ?? '', probe])).toMatchObject([{ retries: 1 }, { retries: 0 }]);
  });

  it('fails without a call what waits for merchants whose grant is gone meanwhile', async () => {
    const { id, merchants } = await aPlatform(1);
    await hold(id, NOBODY, 'connect_failed');
    await desk.sql(`UPDATE merchants SET state = 'unauthorized' WHERE id = $1`, [merchants[0]?.id]);
    expect(await dispatchOf(id)).toEqual([]);
    expect(await eventsOf(id)).toEqual(['platform.held', 'deletion.failed', 'deletion.failed']);
  });
});
