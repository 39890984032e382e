import { type Merchant } from '@app/merchants';
import { EVERYTHING } from '@app/scope';
import { DeletionsDesk } from '../../../../test/support/deletions-desk.js';
import { eventually } from '../../../../test/support/eventually.js';
import { nextShanghaiMidnight } from '../pacing/shanghai-day.js';
import { wakeLanes, wakePlatform } from './lane-wakes.js';

let desk: DeletionsDesk;

beforeAll(async () => {
  desk = await DeletionsDesk.open();
});
afterAll(() => desk.close());
// Lanes of earlier tests would be handed out along with those of the next.
afterEach(async () => {
  await desk.sql(`DELETE FROM lane_wakes`);
  await desk.sql(`UPDATE merchant_pacing SET due_at = NULL`);
});

/** Looks again and again, as the dispatcher does. @returns the ids in the order in which they left */
async function dispatchUntil(isEnough: (left: string[]) => boolean): Promise<string[]> {
  const left: string[] = [];
  await eventually(async () => {
    left.push(...(await desk.laneDispatch.dispatch()).map(({ id }) => id));
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
      left.push(...(await desk.laneDispatch.dispatch()).map(({ id }) => id));
      return isDue();
    },
    (due) => due.length === 0,
  );
  return left;
};

describe('a lane', () => {
  it('notes on a deletion since when it was due for it', async () => {
    const merchant = await desk.aMerchant({ ratePerMinute: 1_200, dailyLimit: 1_000 });
    const ids = await desk.accept(merchant, 3);
    // Nobody has looked for a while.
    const past = `now() - interval '10 min'`;
    await desk.sql(`UPDATE deletions SET ready_at = ${past} WHERE id = ANY($1)`, [ids]);
    await desk.sql(`UPDATE lane_wakes SET ready_at = ${past}`);
    await desk.sql(`UPDATE merchant_pacing SET next_slot_at = ${past} WHERE merchant_id = $1`, [merchant.id]);
    await dispatchUntil((left) => left.length === ids.length);
    const waits = await desk.sql<{ lateS: number; isAfterReady: boolean }>(
      `SELECT extract(epoch FROM dispatched_at - due_at)::float8 AS "lateS", due_at >= ready_at AS "isAfterReady"
       FROM deletions WHERE id = ANY($1) ORDER BY due_at`,
      [ids],
    );
    expect(waits.map(({ isAfterReady }) => isAfterReady)).toEqual([true, true, true]);
    expect(waits[0]?.lateS).toBeGreaterThanOrEqual(600);
    expect(waits[2]?.lateS).toBeGreaterThanOrEqual(0);
  });

  it('hands deletions out no faster than its rate', async () => {
    const ids = await desk.accept(await desk.aMerchant({ ratePerMinute: 1_200, dailyLimit: 1_000 }), 12);
    await dispatchUntil((left) => left.length === ids.length);
    const slots = await desk.sql<{ gapMs: number | null; lateMs: number }>(
      `SELECT extract(epoch FROM slot_at - lag(slot_at) OVER (ORDER BY slot_at))::float8 * 1000 AS "gapMs",
         extract(epoch FROM dispatched_at - slot_at)::float8 * 1000 AS "lateMs"
       FROM deletions WHERE id = ANY($1) ORDER BY slot_at`,
      [ids],
    );
    expect(slots).toHaveLength(12);
    for (const { gapMs, lateMs } of slots) {
      if (gapMs !== null) expect(gapMs).toBeGreaterThan(61_250 / 1_200 - 0.01);
      expect(lateMs).toBeGreaterThanOrEqual(0);
      expect(lateMs).toBeLessThanOrEqual(251);
    }
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
    const waiting = await desk.deletionViews.list(EVERYTHING, {
      merchantId: merchant.id,
      state: 'waiting',
      limit: 100,
    });
    expect(waiting).toHaveLength(rest.length);
  });

  it('does not go over its limit when several dispatchers look at once', async () => {
    const merchant = await desk.aMerchant({ ratePerMinute: 100_000 });
    await desk.accept(merchant, 30, { isUrgent: true });
    const left: string[] = [];
    await eventually(
      async () => {
        const looks = await Promise.all(Array.from({ length: 8 }, () => desk.laneDispatch.dispatch()));
        left.push(...looks.flat().map(({ id }) => id));
        return (await desk.reports.of([merchant.id])).get(merchant.id)?.usedToday;
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
      `WITH ledger AS (UPDATE account_ledgers SET quota_day = quota_day - 1 WHERE authorizer_appid = (SELECT authorizer_appid FROM merchants WHERE id = $1))
       UPDATE merchant_pacing SET blocked_until = blocked_until - interval '1 day',
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
    await desk.lanes.tooFast(merchant.id, 60_000, 0);
    expect(await desk.laneDispatch.dispatch()).toEqual([]);
    for (const deletion of await desk.view(ids)) {
      expect(deletion).toMatchObject({ state: 'waiting', waitingFor: 'rate_limit' });
      expect(deletion.waitingUntil?.getTime()).toBeGreaterThanOrEqual(before + 60_000);
    }
    await desk.sql(
      `WITH ledger AS (UPDATE account_ledgers SET next_slot_at = now() WHERE authorizer_appid = (SELECT authorizer_appid FROM merchants WHERE id = $1))
       UPDATE merchant_pacing SET next_slot_at = now(), blocked_until = now(), urgent_blocked_until = now(), due_at = now()
       WHERE merchant_id = $1`,
      [merchant.id],
    );
    expect((await dispatchDue()).sort()).toEqual(ids.sort());
  });

  it('is slowed once by one overshoot, whichever process hears of it, and again by the next', async () => {
    const merchant = await desk.aMerchant({ ratePerMinute: 3_000 });
    const other = await DeletionsDesk.beside(desk);
    const rate = async () => (await desk.reports.of([merchant.id])).get(merchant.id)?.currentRatePerMinute;
    try {
      const answers = (leftAgoMs: number) =>
        Array.from({ length: 33 }, (_, i) => (i % 2 ? desk : other).lanes.tooFast(merchant.id, 60_000, leftAgoMs));
      await Promise.all(answers(200));
      expect(await rate()).toBe(1_500);
      // The pause is over, and calls went at the new rate.
      await desk.sql(
        `UPDATE account_ledgers SET slowed_at = now() - interval '1 s' WHERE authorizer_appid = (SELECT authorizer_appid FROM merchants WHERE id = $1)`,
        [merchant.id],
      );
      await Promise.all(answers(200));
      expect(await rate()).toBe(750);
    } finally {
      await other.leave();
    }
  });

  it('does not hold another merchant up', async () => {
    const [spent, other] = [await desk.aMerchant({ dailyLimit: 1 }), await desk.aMerchant({ dailyLimit: 50 })];
    await desk.accept(spent, 5);
    await desk.lanes.quotaSpent(spent.id);
    const ids = await desk.accept(other, 10);
    expect(await dispatchDue()).toEqual(ids);
    const reports = await desk.reports.of([spent.id, other.id]);
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
    const inAYear = new Date(Date.now() + 365 * 86_400_000);
    const ids = [...(await desk.accept(gone, 3)), ...(await desk.accept(gone, 1, { notBefore: inAYear }))];
    const kept = await desk.accept(other, 3);
    await desk.sql(`UPDATE merchants SET ${change} WHERE id = $1`, [gone.id]);
    expect(await dispatchDue()).toEqual(kept);
    for (const deletion of await desk.view(ids)) {
      expect(deletion).toMatchObject({ state: 'failed', outcomeCode: code, attempts: 0, dispatchedAt: null });
    }
    expect((await desk.reports.of([gone.id])).get(gone.id)?.usedToday).toBe(0);
  });

  it('is emptied although it was shut until tomorrow, once the grant is gone', async () => {
    const gone = await desk.aMerchant();
    const ids = await desk.accept(gone, 2);
    await desk.lanes.quotaSpent(gone.id);
    await desk.sql(`UPDATE merchants SET state = 'unauthorized' WHERE id = $1`, [gone.id]);
    await desk.laneDispatch.wakeClosed();
    expect(await dispatchDue()).toEqual([]);
    expect((await desk.view(ids)).map(({ state }) => state)).toEqual(['failed', 'failed']);
  });

  it('gets one place before another gets a second, when there is little room', async () => {
    const fast = { ratePerMinute: 60_000, dailyLimit: 1_000 };
    const noisy = await desk.aMerchant(fast);
    const ofNoisy = await desk.accept(noisy, 20);
    const quiet = [await desk.aMerchant(fast), await desk.aMerchant(fast)];
    const ofQuiet = [...(await desk.accept(quiet[0] ?? noisy, 1)), ...(await desk.accept(quiet[1] ?? noisy, 1))];
    const left = (await desk.laneDispatch.dispatch(3)).map(({ id }) => id);
    expect(new Set(left)).toEqual(new Set([ofNoisy[0], ...ofQuiet]));
  });

  it('waits while its platform is held, and goes on when the hold ends', async () => {
    const [held, other] = [await desk.aMerchant(), await desk.aMerchant()];
    const [waiting, kept] = [await desk.accept(held, 2, { isUrgent: true }), await desk.accept(other, 2)];
    const heldUntil = new Date(Date.now() + 3_600_000);
    await desk.sql(`INSERT INTO platform_holds (platform_id, reason, probe_at) VALUES ($1, 'platform_broken', $2)`, [
      held.platformId,
      heldUntil,
    ]);
    expect(await dispatchDue()).toEqual(kept);
    for (const deletion of await desk.view(waiting)) {
      expect(deletion).toMatchObject({ state: 'waiting', waitingFor: 'platform', waitingUntil: heldUntil });
    }
    await desk.sql(`DELETE FROM platform_holds WHERE platform_id = $1`, [held.platformId]);
    expect(await dispatchDue()).toEqual([]);
    await wakePlatform(desk.dataSource, held.platformId);
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
      await wakeLanes(slow.manager, [merchant.id], new Date());
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
    await wakeLanes(desk.dataSource, [one.id, other.id, one.id], new Date());
    expect((await dispatchDue()).sort()).toEqual(ids.toSorted());
  });

  it('lets each of 50 cancels and dispatches at once win or lose, never both', async () => {
    const merchant = await desk.aMerchant({ ratePerMinute: 30_000, dailyLimit: 1_000 });
    const ids = await desk.accept(merchant, 50);
    const cancels = ids.toReversed().map((id) =>
      desk.deletionChanges.cancel(EVERYTHING, id).then(
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

describe('the rate of a platform', () => {
  it('is kept by all of its lanes together, and by retries', async () => {
    const one = await desk.aMerchant();
    const other = await desk.aMerchant({}, one.platformId);
    await desk.ledgers.learn(
      one.id,
      { dailyLimit: 10, used: 0, remain: 10, rate: null },
      { calls: 1_200, seconds: 60 },
    );
    const ids = [...(await desk.accept(one, 4)), ...(await desk.accept(other, 4))];
    await dispatchUntil((left) => left.length === ids.length);
    const [took] = await desk.sql<{ ms: number }>(
      `SELECT extract(epoch FROM max(dispatched_at) - min(slot_at))::float8 * 1000 AS ms FROM deletions WHERE id = ANY($1)`,
      [ids],
    );
    expect(took?.ms).toBeGreaterThan((7 * 61_250) / 1_200 - 0.01);
    await desk.sql(`UPDATE platform_pacing SET next_slot_at = now() + interval '1 hour' WHERE platform_id = $1`, [
      one.platformId,
    ]);
    expect(await desk.lanes.buySlot(one.id, true)).toBe(false);
    expect((await desk.reports.of([one.id])).get(one.id)).toMatchObject({ usedToday: 4 });
  });
});

describe('an account that authorized two platforms', () => {
  /** Its merchant on each of them. */
  async function twice(limits: { ratePerMinute?: number; dailyLimit?: number } = {}) {
    const [one, other] = [await desk.aMerchant(limits), await desk.aMerchant()];
    await desk.sql(`UPDATE merchants SET authorizer_appid = $2 WHERE id = $1`, [other.id, one.authorizerAppid]);
    return [one, { ...other, authorizerAppid: one.authorizerAppid }] as const;
  }
  /** What both say is the same. */
  const quotaOf = async (...merchants: readonly { id: string }[]) => {
    const reports = await desk.reports.of(merchants.map(({ id }) => id));
    const said = merchants.map(({ id }) => {
      const { usedToday, dailyLimit, clearsLeft, currentRatePerMinute } = reports.get(id) ?? {};
      return { usedToday, dailyLimit, clearsLeft, currentRatePerMinute };
    });
    expect(said).toEqual(said.map(() => said[0]));
    return said[0];
  };
  const acceptFor = (merchant: Merchant, count: number, isUrgent = false) => desk.accept(merchant, count, { isUrgent });

  it('has one day between them, whoever looks, and waits in both lanes for the next', async () => {
    const [one, other] = await twice({ ratePerMinute: 100_000 });
    const ids = [...(await acceptFor(one, 10, true)), ...(await acceptFor(other, 10, true))];
    const left: string[] = [];
    await eventually(
      async () => {
        const looks = await Promise.all(Array.from({ length: 8 }, () => desk.laneDispatch.dispatch()));
        left.push(...looks.flat().map(({ id }) => id));
        return (await quotaOf(one, other))?.usedToday;
      },
      (used) => used === 10,
    );
    left.push(...(await dispatchDue()));
    expect(new Set(left).size).toBe(10);
    expect(left).toHaveLength(10);
    const rest = await desk.view(ids.filter((id) => !left.includes(id)));
    expect(rest.map(({ waitingFor }) => waitingFor)).toEqual(Array(10).fill('daily_quota'));
  });

  it('has its lanes take turns at its rate', async () => {
    const [one, other] = await twice({ ratePerMinute: 1_200, dailyLimit: 100 });
    const ofOne = await acceptFor(one, 8);
    const ids = [...ofOne, ...(await acceptFor(other, 8))];
    const left = await dispatchUntil((all) => all.length === ids.length);
    const slots = await desk.sql<{ gapMs: number | null }>(
      `SELECT extract(epoch FROM slot_at - lag(slot_at) OVER (ORDER BY slot_at))::float8 * 1000 AS "gapMs"
       FROM deletions WHERE id = ANY($1) ORDER BY slot_at`,
      [ids],
    );
    for (const { gapMs } of slots.slice(1)) expect(gapMs).toBeGreaterThan(61_250 / 1_200 - 0.01);
    // Neither is through before the other has had its share.
    const last = Math.max(...ofOne.map((id) => left.indexOf(id)));
    const first = Math.min(...ofOne.map((id) => left.indexOf(id)));
    expect(last - first).toBeGreaterThan(8);
  });

  it('is shut in both by one 45009, and opened in both by a clear, an answer or a limit', async () => {
    const [one, other] = await twice();
    await desk.lanes.quotaSpent(one.id);
    const [ofOne, ofOther] = [await acceptFor(one, 30), await acceptFor(other, 30)];
    expect(await dispatchDue()).toEqual([]);
    expect(await quotaOf(one, other)).toMatchObject({ usedToday: 10 });

    expect(await desk.ledgers.spendClear(other.id)).toBe(true);
    await desk.ledgers.cleared(other.id, () => Promise.resolve());
    const left = await dispatchDue();
    expect(left).toHaveLength(8);
    expect(await quotaOf(one, other)).toMatchObject({ usedToday: 8, clearsLeft: 9 });
    // It speaks of the time before.
    await desk.lanes.quotaSpent(one.id, 60_000);
    expect(await quotaOf(one, other)).toMatchObject({ usedToday: 8 });

    await desk.lanes.setLimits(one.id, { dailyLimit: 14 });
    left.push(...(await dispatchDue()));
    expect(left).toHaveLength(12);
    expect(left.some((id) => ofOne.includes(id)) && left.some((id) => ofOther.includes(id))).toBe(true);
    expect(await quotaOf(one, other)).toMatchObject({ usedToday: 12, dailyLimit: 14 });
  });

  it('gives a call that was not made to whichever lane needs it', async () => {
    const [one, other] = await twice({ dailyLimit: 3 });
    const [first] = await acceptFor(one, 1);
    expect(await dispatchDue()).toEqual([first]);
    const [second] = await acceptFor(other, 1);
    expect(await dispatchDue()).toEqual([]);
    await Promise.all([desk.lanes.refund(one.id), desk.lanes.refundIf(other.id, () => Promise.resolve(false))]);
    expect(await dispatchDue()).toEqual([second]);
    expect(await quotaOf(one, other)).toMatchObject({ usedToday: 1 });
  });

  it('is slowed in both by one 45011, and asked about once', async () => {
    const [one, other] = await twice({ ratePerMinute: 600 });
    await Promise.all([one, other, one, other].map(({ id }) => desk.lanes.tooFast(id, 60_000, 100)));
    expect(await quotaOf(one, other)).toMatchObject({ currentRatePerMinute: 300 });
    await Promise.all([acceptFor(one, 1), acceptFor(other, 1)]);
    expect(await desk.laneDispatch.dispatch()).toEqual([]);
    const mine = (await desk.ledgers.claimToAsk(1_000)).filter((id) => [one.id, other.id].includes(id));
    expect(mine).toHaveLength(1);
  });

  it('does not clash when its lanes and others are changed from all sides', async () => {
    const [one, other] = await twice({ ratePerMinute: 100_000, dailyLimit: 1_000 });
    const [third, fourth] = await twice({ ratePerMinute: 100_000, dailyLimit: 1_000 });
    const all = [one, other, third, fourth];
    for (const merchant of all) await acceptFor(merchant, 20);
    const left: string[] = [];
    await eventually(
      async () => {
        const looks = [desk.laneDispatch.dispatch(), desk.laneDispatch.dispatch()];
        await Promise.all([
          ...all.toReversed().map(({ id }) => desk.lanes.buySlot(id, false)),
          ...all.map(({ id }) => desk.lanes.refund(id)),
          ...all.map(({ id }) => desk.lanes.setLimits(id, { dailyLimit: 1_000 })),
        ]);
        left.push(...(await Promise.all(looks)).flat().map(({ id }) => id));
        return left;
      },
      (ids) => ids.length === 80,
    );
    expect(new Set(left).size).toBe(80);
  });

  it('has its estimates count what waits in both', async () => {
    const [one, other] = await twice();
    await acceptFor(one, 8);
    expect(await dispatchDue()).toHaveLength(8);
    const [last = ''] = await acceptFor(other, 1);
    expect(await dispatchDue()).toEqual([]);
    const tomorrow = nextShanghaiMidnight(new Date());
    const [view] = await desk.view([last]);
    expect(view && (await desk.reports.etaOf(view))).toEqual(tomorrow);
    expect(
      await desk.forecasts.ofMore(
        new Map([
          [one.id, 4],
          [other.id, 4],
        ]),
        false,
        0,
      ),
    ).toMatchObject({ daysOfQuota: 3 });
  });
});

describe('ledgers', () => {
  const answer = { dailyLimit: 50, used: 20, remain: 30, rate: { calls: 100, seconds: 60 } };
  const afterAnHour = (id: string) =>
    desk.sql(
      `UPDATE account_ledgers SET quota_asked_at = quota_asked_at - interval '61 min' WHERE authorizer_appid = (SELECT authorizer_appid FROM merchants WHERE id = $1)`,
      [id],
    );

  it('are asked about when deletions wait, each once an hour', async () => {
    const [waiting, busy, idle] = [await desk.aMerchant(), await desk.aMerchant(), await desk.aMerchant()];
    await desk.accept(waiting, 12);
    await desk.accept(busy, 3);
    await dispatchDue();
    const mine = async () =>
      (await desk.ledgers.claimToAsk(1_000)).filter((id) => [waiting.id, busy.id, idle.id].includes(id));
    expect(await mine()).toEqual([waiting.id]);
    expect(await mine()).toEqual([]);
    await afterAnHour(waiting.id);
    expect(await mine()).toEqual([waiting.id]);
    await desk.lanes.quotaSpent(waiting.id);
    expect(await mine()).toEqual([]);
    await desk.sql(
      `UPDATE account_ledgers SET quota_asked_at = now() - interval '11 min' WHERE authorizer_appid = (SELECT authorizer_appid FROM merchants WHERE id = $1)`,
      [waiting.id],
    );
    await desk.lanes.quotaSpent(waiting.id);
    expect(await mine()).toEqual([waiting.id]);
  });

  it('open their lane with what WeChat tells, and shut it again when that is used', async () => {
    const [merchant, other] = [await desk.aMerchant(), await desk.aMerchant()];
    const ids = await desk.accept(merchant, 60);
    expect(await dispatchDue()).toEqual(ids.slice(0, 8));
    await desk.sql(`UPDATE deletions SET state = 'succeeded', finished_at = now() WHERE id = ANY($1)`, [
      ids.slice(0, 8),
    ]);
    await desk.ledgers.learn(merchant.id, answer, null);
    await desk.sql(
      `UPDATE account_ledgers SET learned_calls = NULL WHERE authorizer_appid = (SELECT authorizer_appid FROM merchants WHERE id = $1)`,
      [merchant.id],
    );
    expect(await dispatchDue()).toEqual(ids.slice(8, 8 + 28));
    const reports = await desk.reports.of([merchant.id, other.id]);
    expect(reports.get(merchant.id)).toMatchObject({
      dailyLimit: 50,
      learnedDailyLimit: 50,
      usedToday: 48,
      pending: 24,
    });
    expect(reports.get(other.id)).toMatchObject({ dailyLimit: 10, learnedDailyLimit: null, pending: 0, eta: null });
  });

  it('are not asked about while facts of their merchants are missing or speak against it', async () => {
    const [unknown, frozen, sound] = [await desk.aMerchant(), await desk.aMerchant(), await desk.aMerchant()];
    for (const merchant of [unknown, frozen, sound]) await desk.accept(merchant, 12);
    await dispatchDue();
    await desk.sql(`UPDATE merchants SET facts_read_at = NULL, permission_sets = NULL WHERE id = $1`, [unknown.id]);
    await desk.sql(`UPDATE merchants SET ineligible_reasons = '{account_frozen}' WHERE id = $1`, [frozen.id]);
    const asked = await desk.ledgers.claimToAsk(1_000);
    expect(asked.filter((id) => [unknown.id, frozen.id, sound.id].includes(id))).toEqual([sound.id]);
  });

  it('are not asked about once they were read today and still have calls', async () => {
    const merchant = await desk.aMerchant({ ratePerMinute: 1 });
    await desk.accept(merchant, 3);
    await dispatchUntil((left) => left.length === 1);
    await desk.ledgers.learn(merchant.id, answer, null);
    expect(await desk.ledgers.claimToAsk(1_000)).not.toContain(merchant.id);
  });

  it('start anew when they are cleared, ten times a month', async () => {
    const merchant = await desk.aMerchant();
    const ids = await desk.accept(merchant, 20);
    expect(await dispatchDue()).toHaveLength(8);
    await desk.sql(`UPDATE deletions SET state = 'succeeded', finished_at = now() WHERE id = ANY($1)`, [
      ids.slice(0, 8),
    ]);
    expect(await desk.ledgers.spendClear(merchant.id)).toBe(true);
    await desk.ledgers.cleared(merchant.id, () => Promise.resolve());
    expect((await desk.reports.of([merchant.id])).get(merchant.id)).toMatchObject({ usedToday: 0, clearsLeft: 9 });
    expect(await dispatchDue()).toEqual(ids.slice(8, 16));
    for (let i = 0; i < 9; i++) expect(await desk.ledgers.spendClear(merchant.id)).toBe(true);
    expect(await desk.ledgers.spendClear(merchant.id)).toBe(false);
    await desk.ledgers.returnClear(merchant.id, { areNoneLeft: false });
    expect(await desk.ledgers.spendClear(merchant.id)).toBe(true);
  });
});

describe('an estimate', () => {
  it('counts those ahead: urgent ones, then older ones', async () => {
    const merchant = await desk.aMerchant({ ratePerMinute: 60 });
    const normal = await desk.accept(merchant, 3);
    const [urgent] = await desk.accept(merchant, 1, { isUrgent: true });
    await desk.sql(`UPDATE merchant_pacing SET next_slot_at = now() + interval '1 min' WHERE merchant_id = $1`, [
      merchant.id,
    ]);
    const views = await desk.view([urgent ?? '', ...normal]);
    const etas = await Promise.all(views.map((view) => desk.reports.etaOf(view)));
    const gaps = etas.slice(1).map((eta, i) => (eta?.getTime() ?? 0) - (etas[i]?.getTime() ?? 0));
    for (const gap of gaps) expect(Math.abs(gap - 1_021)).toBeLessThanOrEqual(1);
    expect((await desk.reports.of([merchant.id])).get(merchant.id)?.eta?.getTime()).toBeCloseTo(
      etas.at(-1)?.getTime() ?? 0,
      -1,
    );
  });

  it('is of a later day when the quota is spent, and of none once the deletion has left', async () => {
    const merchant = await desk.aMerchant();
    const ids = await desk.accept(merchant, 9);
    await dispatchDue();
    const [left, waiting] = await desk.view([ids[0] ?? '', ids[8] ?? '']);
    expect(left && (await desk.reports.etaOf(left))).toBeNull();
    expect(waiting && (await desk.reports.etaOf(waiting))).toEqual(nextShanghaiMidnight(new Date()));
  });
});
