import { randomUUID } from 'node:crypto';
import type { Merchant } from '@app/merchants';
import { DeletionsDesk } from '../../../test/support/deletions-desk.js';
import type { Run } from './runs.js';

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
  const dispatched = (await desk.lanes.dispatch()).map(({ id }) => id);
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

const platform = async (id: string) => {
  const [row] = await desk.sql<Record<string, unknown>>(
    `SELECT held_reason, held_errcode, hold_probes, extract(epoch FROM held_until - now())::int AS seconds FROM platforms WHERE id = $1`,
    [id],
  );
  return row;
};
const eventsOf = async (id: string) =>
  (await desk.sql<{ type: string }>(`SELECT type FROM events WHERE platform_id = $1 ORDER BY seq`, [id])).map(
    ({ type }) => type,
  );
const endPause = (id: string) => desk.sql(`UPDATE platforms SET held_until = now() WHERE id = $1`, [id]);

describe('a platform for which every call fails', () => {
  it('is held once, however many calls find out together, and says so once', async () => {
    const { id } = await aPlatform(3);
    const [first = '', ...others] = await dispatchOf(id);
    expect(others.length).toBeGreaterThan(0);
    await Promise.all([first, ...others].map((one) => desk.holds.hold(id, one, 'platform_broken', 61004)));
    expect(await platform(id)).toEqual({
      held_reason: 'platform_broken',
      held_errcode: 61004,
      hold_probes: 0,
      seconds: 5,
    });
    expect(await eventsOf(id)).toEqual(['platform.held']);
  });

  it('has nothing leave its lanes, and what had left already makes no call', async () => {
    const { id, merchants } = await aPlatform(2);
    const [first = '', second = ''] = await dispatchOf(id);
    for (const merchant of merchants) await desk.keepToken(merchant.id);
    await desk.holds.hold(id, first, 'connect_failed');
    expect(await claimed(second)).toMatchObject({ isHeld: true, isProbe: false, begun: undefined });
    expect(await dispatchOf(id)).toEqual([]);
    const other = await aPlatform(1, 1);
    expect(await dispatchOf(other.id)).toHaveLength(1);
  });

  it('is probed with one deletion after a pause, and the next pause is longer', async () => {
    const { id } = await aPlatform(3);
    await desk.holds.hold(id, 'any', 'platform_broken', 40125);
    await desk.holds.probe();
    expect(await dispatchOf(id)).toEqual([]);
    await endPause(id);
    await desk.holds.probe();
    const [probe = '', ...others] = await dispatchOf(id);
    expect(others).toEqual([]);
    await desk.holds.probe();
    expect(await dispatchOf(id)).toEqual([]);
    expect(await claimed(probe)).toMatchObject({ isHeld: false, isProbe: true });
    await desk.holds.hold(id, probe, 'platform_broken', 40125);
    expect(await platform(id)).toMatchObject({ hold_probes: 1, seconds: 10 });
    expect(await eventsOf(id)).toEqual(['platform.held']);
  });

  it('goes on with everybody when the probe is answered', async () => {
    const { id } = await aPlatform(3, 1);
    await desk.holds.hold(id, 'any', 'ticket_invalid', 61006);
    expect(await dispatchOf(id)).toEqual([]);
    await endPause(id);
    await desk.holds.probe();
    const [probe = ''] = await dispatchOf(id);
    // A call that was under way when the hold began says nothing.
    await desk.holds.resume(id, randomUUID());
    expect(await dispatchOf(id)).toEqual([]);
    await desk.holds.resume(id, probe);
    expect(await dispatchOf(id)).toHaveLength(2);
    expect(await platform(id)).toMatchObject({ held_reason: null, hold_probes: 0 });
    expect(await eventsOf(id)).toEqual(['platform.held', 'platform.resumed']);
  });

  it('is probed again when a probe was never heard of', async () => {
    const { id } = await aPlatform(2);
    await desk.holds.hold(id, 'any', 'connect_failed');
    expect(await dispatchOf(id)).toEqual([]);
    await endPause(id);
    await desk.holds.probe();
    expect(await dispatchOf(id)).toHaveLength(1);
    await endPause(id);
    await desk.holds.probe();
    expect(await dispatchOf(id)).toHaveLength(1);
  });

  it('fails without a call what waits for merchants whose grant is gone meanwhile', async () => {
    const { id, merchants } = await aPlatform(1);
    await desk.holds.hold(id, 'any', 'connect_failed');
    await desk.sql(`UPDATE merchants SET state = 'unauthorized' WHERE id = $1`, [merchants[0]?.id]);
    expect(await dispatchOf(id)).toEqual([]);
    expect(await eventsOf(id)).toEqual(['platform.held', 'deletion.failed', 'deletion.failed']);
  });
});
