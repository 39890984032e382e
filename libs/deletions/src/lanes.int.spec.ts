import { EVERYTHING } from '@app/merchants';
import { DeletionsDesk } from '../../../test/support/deletions-desk.js';
import { eventually } from '../../../test/support/eventually.js';
import { nextShanghaiMidnight } from './shanghai-day.js';

let desk: DeletionsDesk;

beforeAll(async () => {
  desk = await DeletionsDesk.open();
});
afterAll(() => desk.close());
// Lanes of earlier tests would be handed out along with those of the next.
afterEach(() => desk.sql(`UPDATE merchant_pacing SET due_at = NULL`));

/** Looks again and again, as the dispatcher does. @returns the ids in the order in which they left */
async function dispatchUntil(isEnough: (left: string[]) => boolean): Promise<string[]> {
  const left: string[] = [];
  await eventually(async () => {
    left.push(...(await desk.lanes.dispatch()).map(({ id }) => id));
    return left;
  }, isEnough);
  return left;
}

/** How many leave while nothing is due any more. */
const dispatchDue = async () => {
  const isDue = () => desk.sql(`SELECT 1 FROM merchant_pacing WHERE due_at < now() + interval '1 minute'`);
  const left: string[] = [];
  await eventually(
    async () => {
      left.push(...(await desk.lanes.dispatch()).map(({ id }) => id));
      return isDue();
    },
    (due) => due.length === 0,
  );
  return left;
};

describe('a lane', () => {
  it('hands deletions out no faster than its rate', async () => {
    const ids = await desk.accept(await desk.aMerchant({ ratePerMinute: 1_200, dailyLimit: 1_000 }), 12);
    await dispatchUntil((left) => left.length === ids.length);
    const gaps = await desk.sql<{ ms: number }>(
      `SELECT extract(epoch FROM dispatched_at - lag(dispatched_at) OVER (ORDER BY dispatched_at))::float8 * 1000 AS ms
       FROM deletions WHERE id = ANY($1) ORDER BY dispatched_at OFFSET 1`,
      [ids],
    );
    expect(gaps).toHaveLength(11);
    for (const { ms } of gaps) expect(ms).toBeGreaterThanOrEqual(50);
  });

  it('hands out oldest first, urgent ones before all others', async () => {
    const merchant = await desk.aMerchant({ dailyLimit: 100 });
    const normal = await desk.accept(merchant, 3);
    const urgent = await desk.accept(merchant, 3, { isUrgent: true });
    expect(await dispatchUntil((left) => left.length === 6)).toEqual([...urgent, ...normal]);
  });

  it('hands out its daily limit and not one more: the reserve to urgent deletions only', async () => {
    const merchant = await desk.aMerchant();
    const normal = await desk.accept(merchant, 30);
    expect(await dispatchDue()).toEqual(normal.slice(0, 8));

    const urgent = await desk.accept(merchant, 5, { isUrgent: true });
    expect(await dispatchDue()).toEqual(urgent.slice(0, 2));

    const midnight = nextShanghaiMidnight(new Date());
    const rest = await desk.view([...normal.slice(8), ...urgent.slice(2)]);
    for (const deletion of rest) {
      expect(deletion).toMatchObject({ state: 'waiting', waitingFor: 'daily_quota', waitingUntil: midnight });
    }
    const waiting = await desk.deletions.list(EVERYTHING, { merchantId: merchant.id, state: 'waiting', limit: 100 });
    expect(waiting).toHaveLength(rest.length);
  });

  it('does not go over its limit when several dispatchers look at once', async () => {
    const merchant = await desk.aMerchant({ ratePerMinute: 100_000 });
    await desk.accept(merchant, 30, { isUrgent: true });
    const left: string[] = [];
    await eventually(
      async () => {
        const looks = await Promise.all(Array.from({ length: 8 }, () => desk.lanes.dispatch()));
        left.push(...looks.flat().map(({ id }) => id));
        return (await desk.lanes.reports([merchant.id])).get(merchant.id)?.usedToday;
      },
      (used) => used === 10,
    );
    left.push(...(await dispatchDue()));
    expect(new Set(left).size).toBe(10);
    expect(left).toHaveLength(10);
  });

  it('opens again on the next day', async () => {
    const merchant = await desk.aMerchant();
    const ids = await desk.accept(merchant, 20);
    expect(await dispatchDue()).toHaveLength(8);
    await desk.sql(
      `UPDATE merchant_pacing SET quota_day = quota_day - 1, blocked_until = blocked_until - interval '1 day',
         due_at = due_at - interval '1 day' WHERE merchant_id = $1`,
      [merchant.id],
    );
    expect(await dispatchDue()).toEqual(ids.slice(8, 16));
  });

  it('opens when its limit is raised, and shuts when it is lowered', async () => {
    const merchant = await desk.aMerchant();
    await desk.accept(merchant, 20);
    expect(await dispatchDue()).toHaveLength(8);
    await desk.lanes.setLimits(merchant.id, { dailyLimit: 14 });
    expect(await dispatchDue()).toHaveLength(4);
    await desk.lanes.setLimits(merchant.id, { dailyLimit: 5 });
    expect(await dispatchDue()).toEqual([]);
    await desk.lanes.setLimits(merchant.id, { dailyLimit: null });
    expect(await dispatchDue()).toEqual([]);
  });

  it('is shut for all until midnight when WeChat says that the quota is spent', async () => {
    const merchant = await desk.aMerchant();
    await desk.lanes.quotaSpent(merchant.id);
    const ids = [...(await desk.accept(merchant, 1)), ...(await desk.accept(merchant, 1, { isUrgent: true }))];
    expect(await dispatchDue()).toEqual([]);
    for (const deletion of await desk.view(ids)) {
      expect(deletion).toMatchObject({
        state: 'waiting',
        waitingFor: 'daily_quota',
        waitingUntil: nextShanghaiMidnight(new Date()),
      });
    }
  });

  it('pauses for all when WeChat says that calls come too fast', async () => {
    const merchant = await desk.aMerchant();
    const ids = [...(await desk.accept(merchant, 1)), ...(await desk.accept(merchant, 1, { isUrgent: true }))];
    const before = Date.now();
    await desk.lanes.tooFast(merchant.id, 60_000);
    expect(await desk.lanes.dispatch()).toEqual([]);
    for (const deletion of await desk.view(ids)) {
      expect(deletion).toMatchObject({ state: 'waiting', waitingFor: 'rate_limit' });
      expect(deletion.waitingUntil?.getTime()).toBeGreaterThanOrEqual(before + 60_000);
    }
    await desk.sql(
      `UPDATE merchant_pacing SET next_slot_at = now(), blocked_until = now(), urgent_blocked_until = now(), due_at = now()
       WHERE merchant_id = $1`,
      [merchant.id],
    );
    expect((await dispatchDue()).sort()).toEqual(ids.sort());
  });

  it('does not hold another merchant up', async () => {
    const [spent, other] = [await desk.aMerchant({ dailyLimit: 1 }), await desk.aMerchant({ dailyLimit: 50 })];
    await desk.accept(spent, 5);
    await desk.lanes.quotaSpent(spent.id);
    const ids = await desk.accept(other, 10);
    expect(await dispatchDue()).toEqual(ids);
    const reports = await desk.lanes.reports([spent.id, other.id]);
    expect(reports.get(spent.id)).toMatchObject({ usedToday: 1 });
    expect(reports.get(other.id)).toMatchObject({ usedToday: 10 });
  });

  it('keeps a scheduled deletion until its time, while others pass', async () => {
    const merchant = await desk.aMerchant();
    const notBefore = new Date(Date.now() + 700);
    const [scheduled] = await desk.accept(merchant, 1, { notBefore, isUrgent: true });
    const [soon] = await desk.accept(merchant, 1);
    expect(await desk.view([scheduled ?? ''])).toMatchObject([{ state: 'scheduled' }]);
    expect(await dispatchUntil((left) => left.length === 2)).toEqual([soon, scheduled]);
    const [dispatched] = await desk.view([scheduled ?? '']);
    expect(dispatched?.dispatchedAt?.getTime()).toBeGreaterThanOrEqual(notBefore.getTime());
  });

  it.each([
    ['unauthorized', `state = 'unauthorized'`],
    ['reauthorization_required', `state = 'reauthorization_required'`],
    ['permission_set_7_not_granted', `permission_sets = '{1,11}'`],
  ])('of a merchant that is %s is emptied without a call', async (code, change) => {
    const [gone, other] = [await desk.aMerchant(), await desk.aMerchant()];
    const ids = await desk.accept(gone, 3);
    const kept = await desk.accept(other, 3);
    await desk.sql(`UPDATE merchants SET ${change} WHERE id = $1`, [gone.id]);
    expect(await dispatchDue()).toEqual(kept);
    for (const deletion of await desk.view(ids)) {
      expect(deletion).toMatchObject({ state: 'failed', outcomeCode: code, attempts: 0, dispatchedAt: null });
    }
    expect((await desk.lanes.reports([gone.id])).get(gone.id)?.usedToday).toBe(0);
  });

  it('is emptied although it was shut until tomorrow, once the grant is gone', async () => {
    const gone = await desk.aMerchant();
    const ids = await desk.accept(gone, 2);
    await desk.lanes.quotaSpent(gone.id);
    await desk.sql(`UPDATE merchants SET state = 'unauthorized' WHERE id = $1`, [gone.id]);
    await desk.lanes.wakeClosed();
    expect(await dispatchDue()).toEqual([]);
    expect((await desk.view(ids)).map(({ state }) => state)).toEqual(['failed', 'failed']);
  });

  it('waits while its platform is held, and goes on when the hold ends', async () => {
    const [held, other] = [await desk.aMerchant(), await desk.aMerchant()];
    const [waiting, kept] = [await desk.accept(held, 2, { isUrgent: true }), await desk.accept(other, 2)];
    const heldUntil = new Date(Date.now() + 3_600_000);
    await desk.sql(`UPDATE platforms SET held_since = now(), held_until = $2 WHERE id = $1`, [
      held.platformId,
      heldUntil,
    ]);
    expect(await dispatchDue()).toEqual(kept);
    for (const deletion of await desk.view(waiting)) {
      expect(deletion).toMatchObject({ state: 'waiting', waitingFor: 'platform', waitingUntil: heldUntil });
    }
    await desk.sql(`UPDATE platforms SET held_since = NULL, held_until = NULL WHERE id = $1`, [held.platformId]);
    expect(await dispatchDue()).toEqual([]);
    await desk.lanes.wakePlatform(desk.dataSource, held.platformId);
    expect(await dispatchDue()).toEqual(waiting);
  });

  it('is shut for all while an admin has to confirm', async () => {
    const merchant = await desk.aMerchant();
    await desk.accept(merchant, 1);
    const [urgent] = await desk.accept(merchant, 1, { isUrgent: true });
    await desk.lanes.waitForAdmin(merchant.id, 600_000);
    expect(await dispatchDue()).toEqual([]);
    expect(await desk.view([urgent ?? ''])).toMatchObject([{ state: 'waiting', waitingFor: 'merchant_admin' }]);
  });

  it('is not starved by clients who keep posting for it', async () => {
    const merchant = await desk.aMerchant({ ratePerMinute: 60_000, dailyLimit: 1_000 });
    const [first] = await desk.accept(merchant, 1);
    const slow = desk.dataSource.createQueryRunner();
    await slow.startTransaction();
    try {
      await desk.lanes.wake(slow.manager, merchant.id, new Date());
      expect(await dispatchUntil((left) => left.length === 1)).toEqual([first]);
    } finally {
      await slow.rollbackTransaction();
      await slow.release();
    }
  });

  it('is woken with many others by one statement', async () => {
    const [one, other] = [await desk.aMerchant(), await desk.aMerchant()];
    const ids = [...(await desk.accept(one, 1)), ...(await desk.accept(other, 1))];
    await desk.sql(`DELETE FROM lane_wakes`);
    expect(await dispatchDue()).toEqual([]);
    await desk.lanes.wakeAll(desk.dataSource, [one.id, other.id, one.id], new Date());
    expect((await dispatchDue()).sort()).toEqual(ids.toSorted());
  });

  it('lets each of 50 cancels and dispatches at once win or lose, never both', async () => {
    const merchant = await desk.aMerchant({ ratePerMinute: 30_000, dailyLimit: 1_000 });
    const ids = await desk.accept(merchant, 50);
    const cancels = ids.toReversed().map((id) =>
      desk.deletions.cancel(EVERYTHING, id).then(
        () => [id],
        () => [],
      ),
    );
    const [cancelled, left] = await Promise.all([Promise.all(cancels).then((won) => won.flat()), dispatchDue()]);
    left.push(...(await dispatchDue()));
    expect([...cancelled, ...left].sort()).toEqual(ids.toSorted());
    for (const deletion of await desk.view(cancelled)) {
      expect(deletion).toMatchObject({ state: 'cancelled', dispatchedAt: null, outcomeCode: 'cancelled' });
    }
  });
});
