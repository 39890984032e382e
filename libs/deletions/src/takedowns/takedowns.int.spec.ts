import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { type Merchant } from '@app/merchants';
import { EVERYTHING } from '@app/scope';
import { addressOf, connect, DeletionsDesk } from '../../../../test/support/deletions-desk.js';
import { eventually } from '../../../../test/support/eventually.js';
import { takeUnsought } from './kept-progress.js';
import { TakedownCancel } from './takedown-cancel.js';
import { type TakedownItem } from './takedown-item.js';
import { TakedownRelease } from './takedown-release.js';
import { TakedownWatch } from './takedown-watch.js';
import { Takedowns, type TakedownView } from './takedowns.js';

/** Several batches of a release. */
const COUNT = 12_000;

let desk: DeletionsDesk;
let merchants: Merchant[];
let nextMsgId = 4_000_000_000;

beforeAll(async () => {
  desk = await DeletionsDesk.open();
  merchants = [await desk.aMerchant(), await desk.aMerchant(), await desk.aMerchant()];
});
afterAll(() => desk.close());

type Aim = Omit<TakedownItem, 'line'>;

const aims = (count = COUNT): Aim[] =>
  Array.from({ length: count }, (_one, i) => ({
    merchantId: merchants[i % merchants.length]?.id ?? '',
    target: { msgId: BigInt(nextMsgId++), articleIdx: 1 },
  }));

/** One whose items have all arrived; its deletions are not made yet. */
async function aStarted(of: Aim[], { isUrgent = false } = {}): Promise<string> {
  const id = await desk.intake.begin({
    isUrgent,
    reason: null,
    metadata: {},
    undoSeconds: 0,
    requestedBy: randomUUID(),
    requestId: 'test',
    scope: EVERYTHING,
  });
  const items = of.map((aim, i) => ({ ...aim, line: i + 1 }));
  await desk.intake.stage(id, items, []);
  await desk.dataSource.transaction((tx) => desk.intake.start(tx, id));
  return id;
}

const facts = (id: string) => desk.takedowns.get(EVERYTHING, id);
const eventsOf = async (id: string) =>
  (
    await desk.sql<{ type: string }>(
      `SELECT type FROM events WHERE takedown_id = $1 AND type LIKE 'takedown.%' ORDER BY txid, seq`,
      [id],
    )
  ).map(({ type }) => type);
const total = async (id: string) =>
  Object.values(await desk.takedowns.counts(id)).reduce((sum, count) => sum + count, 0);
const openOf = (ids: string[]) =>
  desk.sql<{ count: number; targets: number }>(
    `SELECT count(*)::int AS count, count(DISTINCT (merchant_id, target_key))::int AS targets FROM deletions
     WHERE takedown_id = ANY($1) AND finished_at IS NULL`,
    [ids],
  );
/** As if workers had carried all of it out. */
const carryOut = (ids: string[]) =>
  desk.sql(
    `UPDATE deletions SET state = 'succeeded', outcome_code = 'deleted', finished_at = now()
     WHERE takedown_id = ANY($1) AND finished_at IS NULL`,
    [ids],
  );

it('is carried out in time although the statistics say that nothing was put by', async () => {
  const first = await aStarted(aims(1_000));
  await desk.release.release(first);
  await desk.sql('ANALYZE takedown_items');
  const id = await aStarted(aims());
  await desk.release.release(id);
  expect((await facts(id)).accepted).toBe(COUNT);
  await carryOut([first, id]);
});

it('is carried out in time although the statistics say that nothing is open', async () => {
  const ended = await aStarted(aims());
  await desk.release.release(ended);
  await carryOut([ended]);
  await desk.sql('ANALYZE deletions');
  const of = aims();
  const ids = [await aStarted(of), await aStarted(of)];
  for (const id of ids) await desk.release.release(id);
  expect((await facts(ids[0] ?? '')).accepted).toBe(COUNT);
  expect((await facts(ids[1] ?? '')).alreadyOpen).toBe(COUNT);
  await carryOut(ids);
});

describe('takedowns of the same targets, started at once', () => {
  async function expectShared(ids: string[]): Promise<void> {
    expect(await openOf(ids)).toEqual([{ count: COUNT, targets: COUNT }]);
    const views = await Promise.all(ids.map(facts));
    expect(views.map(({ state, accepted, alreadyOpen }) => [state, accepted + alreadyOpen])).toEqual(
      ids.map(() => ['running', COUNT]),
    );
    expect(views.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(COUNT);
    for (const id of ids) expect(await total(id)).toBe(COUNT);
  }

  async function expectFinished(ids: string[]): Promise<void> {
    await desk.takedowns.finishEnded();
    for (const id of ids) expect((await facts(id)).finishedAt).toBeNull();
    await carryOut(ids);
    await Promise.all([desk.takedowns.finishEnded(), desk.takedowns.finishEnded()]);
    for (const id of ids) {
      expect(await facts(id)).toMatchObject({ state: 'finished' });
      expect(await eventsOf(id)).toEqual(['takedown.created', 'takedown.finished']);
    }
  }

  it('share one open deletion of each, whichever batch came first; all count it, and all finish', async () => {
    const of = aims();
    const ids = [await aStarted(of), await aStarted(of.toReversed(), { isUrgent: true })];
    await Promise.all(ids.map((id) => desk.release.release(id)));
    const owners = (await Promise.all(ids.map(facts))).filter(({ accepted }) => accepted > 0);
    expect(owners).toHaveLength(2);
    await expectShared(ids);
    expect(await desk.sql(`SELECT 1 FROM deletions WHERE takedown_id = ANY($1) AND NOT is_urgent`, [ids])).toEqual([]);
    await expectFinished(ids);
  });

  it('hasten together what a third has open', async () => {
    const of = aims();
    const first = await aStarted(of);
    await desk.release.release(first);
    const others = await Promise.all([of, of, of.toReversed()].map((some) => aStarted(some, { isUrgent: true })));
    await Promise.all(others.map((id) => desk.release.release(id)));
    await expectShared([first, ...others]);
    await expectFinished([first, ...others]);
  });

  it('released by two processes at once is released once', async () => {
    const id = await aStarted(aims());
    const dataSource = await connect(desk.database);
    try {
      const other = new TakedownRelease(dataSource);
      await Promise.all([desk.release.release(id), other.release(id)]);
    } finally {
      await dataSource.destroy();
    }
    await expectShared([id]);
    await expectFinished([id]);
  });
});

describe('a cancel', () => {
  /** Holds up whoever makes a deletion of this, until it is let go. */
  async function heldUp(aim: Aim | undefined): Promise<() => Promise<void>> {
    const runner = desk.dataSource.createQueryRunner();
    await runner.startTransaction();
    const wish = {
      id: uuidv7(),
      isUrgent: false,
      notBefore: null,
      reason: null,
      metadata: {},
      requestId: '',
      requestedBy: randomUUID(),
    };
    const merchant = merchants.find(({ id }) => id === aim?.merchantId);
    if (!aim || !merchant) throw new Error('nothing to hold up');
    await desk.deletionIntake.accept(runner.manager, addressOf(merchant), { ...wish, target: aim.target });
    return async () => {
      await runner.rollbackTransaction();
      await runner.release();
    };
  }

  /** How many connections wait for a lock. */
  const waiting = async () =>
    (await desk.sql(`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`))
      .length;

  it('that comes while the deletions are being made leaves none open, and what others had open alone', async () => {
    const of = aims();
    const before = await aStarted(of.slice(0, 10));
    await desk.release.release(before);
    const id = await aStarted(of);
    const letGo = await heldUp(of[7_000]);
    const released = desk.release.release(id);
    await eventually(waiting, (count) => count === 1);
    const halfway = await facts(id);
    const cancelling = desk.cancel.cancel(EVERYTHING, id);
    await eventually(waiting, (count) => count === 2);
    await letGo();
    const [{ cancelled, tooLate }] = await Promise.all([cancelling, released]);
    expect(halfway).toMatchObject({ accepted: 4_990, alreadyOpen: 10 });
    expect(tooLate).toBe(0);
    expect(await facts(id)).toMatchObject({ state: 'cancelled', alreadyOpen: 10, accepted: cancelled });
    expect(await openOf([id])).toEqual([{ count: 0, targets: 0 }]);
    expect(await openOf([before])).toEqual([{ count: 10, targets: 10 }]);
    expect(await desk.sql(`SELECT 1 FROM takedown_items WHERE takedown_id = $1`, [id])).toEqual([]);
    await carryOut([before]);
    await desk.takedowns.finishEnded();
    expect(await eventsOf(id)).toEqual(['takedown.created', 'takedown.cancelled', 'takedown.finished']);
  });

  it('that is asked for many times at once is told once', async () => {
    const id = await aStarted(aims(100));
    await desk.release.release(id);
    const answers = await Promise.all(Array.from({ length: 5 }, () => desk.cancel.cancel(EVERYTHING, id)));
    expect(await openOf([id])).toEqual([{ count: 0, targets: 0 }]);
    expect(answers.at(-1)).toMatchObject({ tooLate: 0 });
    expect(await eventsOf(id)).toEqual(['takedown.created', 'takedown.cancelled']);
  });

  it('whose process dies once it is decided is told once, and brought to its end by another', async () => {
    const id = await aStarted(aims(100));
    await desk.release.release(id);
    const dying = await connect(desk.database);
    const [blocker, dead] = [
      desk.dataSource.createQueryRunner(),
      new TakedownCancel(dying, new Takedowns(dying, desk.events, desk.forecasts)),
    ];
    try {
      await blocker.startTransaction();
      // The decision is not kept from being taken, but no deletion can be locked for being cancelled.
      await blocker.query(`LOCK TABLE deletions IN EXCLUSIVE MODE`);
      const cut = expect(dead.cancel(EVERYTHING, id)).rejects.toThrow();
      await eventually(
        () =>
          desk.sql(
            `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE relation = 'deletions'::regclass AND NOT granted`,
          ),
        (killed) => killed.length > 0,
      );
      await cut;
    } finally {
      await blocker.rollbackTransaction();
      await blocker.release();
      await dying.destroy();
    }
    expect(await openOf([id])).toEqual([{ count: 100, targets: 100 }]);
    expect(await eventsOf(id)).toEqual(['takedown.created', 'takedown.cancelled']);
    const watch = new TakedownWatch(desk.takedowns, desk.intake, desk.release, desk.cancel);
    await watch.look();
    expect(await facts(id)).toMatchObject({ state: 'cancelled', finishedAt: expect.any(Date) });
    expect(await desk.cancel.cancel(EVERYTHING, id)).toEqual({ cancelled: 100, tooLate: 0 });
    expect(await eventsOf(id)).toEqual(['takedown.created', 'takedown.cancelled', 'takedown.finished']);
  });

  it('that cannot be written down changes nothing and tells nothing', async () => {
    const id = await aStarted(aims(3));
    await desk.release.release(id);
    const cancel = desk.cancel.cancel(EVERYTHING, id, () => Promise.reject(new Error('no audit row')));
    await expect(cancel).rejects.toThrow('no audit row');
    expect(await facts(id)).toMatchObject({ state: 'running', cancelledAt: null });
    expect(await eventsOf(id)).toEqual(['takedown.created']);
  });
});

describe('what a line insists on', () => {
  const insisting = (id: string) =>
    desk.sql(
      `SELECT article_idx AS idx, again, try_anyway AS tried FROM takedown_items WHERE takedown_id = $1 ORDER BY line`,
      [id],
    );
  const merchantId = () => merchants[0]?.id ?? '';

  it('is kept by the one that stays of several lines of a target, and by an article beside its whole message', async () => {
    const msgId = BigInt(nextMsgId++);
    const line = (articleIdx: number, more: Partial<Aim> = {}) => ({
      merchantId: merchantId(),
      target: { msgId, articleIdx },
      ...more,
    });
    const id = await aStarted([
      line(1),
      line(1, { again: true }),
      line(1, { tryAnyway: true }),
      line(2, { again: true }),
      line(3),
      line(0),
      line(0, { again: true }),
    ]);
    expect(await insisting(id)).toEqual([
      { idx: 1, again: true, tried: true },
      { idx: 0, again: true, tried: false },
    ]);
    // Of another merchant, and of no message at all, nothing goes with it.
    const other = merchants[1]?.id ?? '';
    const apart = await aStarted([
      line(0),
      { ...line(1), merchantId: other },
      { merchantId: merchantId(), target: { url: 'https://mp.weixin.qq.com/s/apart' } },
    ]);
    expect(await insisting(apart)).toHaveLength(3);
    await desk.release.release(id);
    await desk.release.release(apart);
    await carryOut([id, apart]);
  });

  it('goes over to the deletion that was open, where WeChat is to be asked anyway', async () => {
    const of = aims(3).map((aim) => ({ ...aim, merchantId: merchantId() }));
    const first = await aStarted(of);
    await desk.release.release(first);
    const second = await aStarted(of.map((aim, i) => ({ ...aim, tryAnyway: i === 1 })));
    await desk.release.release(second);
    expect(
      await desk.sql(`SELECT try_anyway AS tried FROM deletions WHERE takedown_id = $1 ORDER BY msg_id`, [first]),
    ).toEqual([{ tried: false }, { tried: true }, { tried: false }]);
    await carryOut([first, second]);
  });
});

it('has its progress found out once for all who look at many deletions, each time for few, and anew at its end', async () => {
  const lookTwice = async (count: number) => {
    const id = await aStarted(aims(count));
    await desk.release.release(id);
    const view = await facts(id);
    const [one, other] = await Promise.all([desk.takedowns.recentProgress(view), desk.takedowns.recentProgress(view)]);
    expect([one.counts.queued, other.counts.queued, one.eta]).toEqual([count, count, expect.any(Date)]);
    return { id, isShared: one === other };
  };
  const few = await lookTwice(999);
  const many = await lookTwice(1_000);
  expect([few.isShared, many.isShared]).toEqual([false, true]);
  await carryOut([few.id, many.id]);
  await desk.takedowns.finishEnded();
  const ended = { counts: expect.objectContaining({ succeeded: 1_000, queued: 0 }), eta: null };
  expect(await desk.takedowns.recentProgress(await facts(many.id))).toEqual(ended);
  await desk.takedowns.settleEnded();
  expect(await desk.takedowns.recentProgress(await facts(many.id))).toEqual(ended);
});

describe('the progress of many deletions', () => {
  const MANY = 1_000;
  const aReleased = async (count = MANY) => {
    const id = await aStarted(aims(count));
    await desk.release.release(id);
    return id;
  };
  const kept = async (id: string) => {
    const [found] = await desk.sql<{ progress: { counts: object } | null }>(
      `SELECT progress FROM takedowns WHERE id = $1`,
      [id],
    );
    return found?.progress?.counts;
  };
  const foundOut = (id: string, ago: string, succeeded = 0) =>
    desk.sql(
      `UPDATE takedowns SET progress = jsonb_set(progress, '{counts,succeeded}', to_jsonb($3::int))
         || jsonb_build_object('found_at', now() - $2::interval) WHERE id = $1`,
      [id, ago, succeeded],
    );
  const anotherProcess = () => new Takedowns(desk.dataSource, desk.events, desk.forecasts);
  const succeeded = async (takedown: TakedownView, takedowns = desk.takedowns) =>
    (await takedowns.recentProgress(takedown)).counts.succeeded;

  it('is told by every process as one has found it out, and anew when that was too long ago', async () => {
    const id = await aReleased();
    const view = await facts(id);
    await desk.takedowns.progress(view);
    // Young, however slow this test is.
    await foundOut(id, '-1 hour', 7);
    expect([await succeeded(view), await succeeded(view, anotherProcess())]).toEqual([7, 7]);
    expect((await desk.takedowns.recentProgress(view)).eta).toEqual(expect.any(Date));
    // Old enough for somebody to look behind the back of who asks, who is told what there is.
    await foundOut(id, '30 s', 7);
    expect(await succeeded(view)).toBe(7);
    await eventually(
      () => kept(id),
      (counts) => expect.objectContaining({ succeeded: 0 }).asymmetricMatch(counts),
    );
    await foundOut(id, '1 hour', 7);
    expect(await succeeded(view)).toBe(0);
    await carryOut([id]);
  });

  it('is another one in another state, and at its end that of its deletions', async () => {
    const id = await aReleased();
    const view = await facts(id);
    await desk.takedowns.progress(view);
    await foundOut(id, '-1 hour', 7);
    expect(await succeeded({ ...view, state: 'pending' })).toBe(0);
    await foundOut(id, '-1 hour', 7);
    await carryOut([id]);
    await desk.takedowns.finishEnded();
    expect(await succeeded(await facts(id))).toBe(MANY);
    // A look that began before the end keeps nothing.
    expect((await desk.takedowns.progress(view)).counts.succeeded).toBe(MANY);
    expect(await kept(id)).toBeUndefined();
  });

  it('is found out by one worker though nobody looks, and by the next when that one is killed', async () => {
    await desk.takedowns.finishEnded();
    const [id, few] = [await aReleased(), await aReleased(MANY - 1)];
    // Killed before it found out.
    expect(await takeUnsought(desk.dataSource, MANY, 30_000)).toBe(id);
    await desk.takedowns.keepProgress();
    expect(await kept(id)).toBeUndefined();
    await desk.sql(`UPDATE takedowns SET progress_sought_at = now() - interval '1 hour' WHERE id = $1`, [id]);
    await Promise.all([desk.takedowns.keepProgress(), anotherProcess().keepProgress()]);
    expect(await kept(id)).toMatchObject({ queued: MANY });
    expect(await kept(few)).toBeUndefined();
    // Sought a moment ago, but in another state than it is now.
    expect(await takeUnsought(desk.dataSource, MANY, 3_600_000)).toBeUndefined();
    await desk.sql(
      `UPDATE takedowns SET progress = progress || '{"state": "pending"}',
         progress_sought_at = now() - interval '10 s' WHERE id = $1`,
      [id],
    );
    expect(await takeUnsought(desk.dataSource, MANY, 3_600_000)).toBe(id);
    await carryOut([id, few]);
  });

  it('waits for nobody who changes the takedown', async () => {
    const id = await aReleased();
    const view = await facts(id);
    const holder = desk.dataSource.createQueryRunner();
    await holder.startTransaction();
    await holder.query(`SELECT 1 FROM takedowns WHERE id = $1 FOR UPDATE`, [id]);
    const { counts } = await desk.takedowns.recentProgress(view);
    await holder.rollbackTransaction();
    await holder.release();
    expect([counts.queued, await kept(id)]).toEqual([MANY, undefined]);
    await carryOut([id]);
  });
});

it('stores how its deletions ended, until one of them is tried again', async () => {
  const id = await aStarted(aims(3));
  await desk.release.release(id);
  await desk.takedowns.settleEnded();
  const settled = () =>
    desk.sql<{ counts: object | null }>(`SELECT settled_counts AS counts FROM takedowns WHERE id = $1`, [id]);
  expect(await settled()).toEqual([{ counts: null }]);
  const [failed] = await desk.sql<{ id: string }>(
    `UPDATE deletions SET state = 'failed', outcome_code = 'refused', finished_at = now()
     WHERE id = (SELECT id FROM deletions WHERE takedown_id = $1 LIMIT 1) RETURNING id`,
    [id],
  );
  await carryOut([id]);
  await desk.takedowns.finishEnded();
  const counted = await desk.takedowns.counts(id);
  await Promise.all([desk.takedowns.settleEnded(), desk.takedowns.settleEnded()]);
  expect(await settled()).toEqual([{ counts: counted }]);
  expect(counted).toMatchObject({ succeeded: 2, failed: 1 });
  await desk.deletionChanges.retry(EVERYTHING, failed?.id ?? '');
  await desk.takedowns.settleEnded();
  expect(await settled()).toEqual([{ counts: null }]);
  expect(await desk.takedowns.counts(id)).toMatchObject({ succeeded: 2, failed: 0, queued: 1 });
});
