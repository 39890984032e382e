import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { type Merchant } from '@app/merchants';
import { EVERYTHING } from '@app/scope';
import { addressOf, DeletionsDesk } from '../../../../test/support/deletions-desk.js';
import { DeletionStateConflict } from '../errors.js';
import { TakedownWatch } from './takedown-watch.js';
import type { Target } from '../deletion/target.js';

let desk: DeletionsDesk;
let watch: TakedownWatch;
let merchant: Merchant;

beforeAll(async () => {
  desk = await DeletionsDesk.open();
  watch = new TakedownWatch(desk.takedowns, desk.intake, desk.release, desk.cancel);
});
afterAll(() => desk.close());
beforeEach(async () => {
  await desk.sql(`DELETE FROM lane_wakes`);
  await desk.sql(`UPDATE merchant_pacing SET due_at = NULL`);
  merchant = await desk.aMerchant({ dailyLimit: 100 });
});

const TOMORROW = new Date(Date.now() + 86_400_000);
let lastMsgId = 5_000_000_000n;
const aTarget = (): Target => ({ msgId: ++lastMsgId, articleIdx: 1 });

interface Wish {
  isUrgent?: boolean;
  undoSeconds?: number;
}

async function begin(targets: Target[], { isUrgent = false, undoSeconds = 0 }: Wish = {}): Promise<string> {
  const wish = { isUrgent, undoSeconds, reason: null, metadata: {}, requestedBy: randomUUID(), requestId: 'test' };
  const id = await desk.intake.begin({ ...wish, scope: EVERYTHING });
  const items = targets.map((target, i) => ({ line: i + 1, merchantId: merchant.id, target }));
  await desk.intake.stage(id, items, []);
  return id;
}
const start = (id: string) => desk.dataSource.transaction((tx) => desk.intake.start(tx, id));

/** One whose deletions are made. */
async function aTakedown(targets: Target[], wish?: Wish): Promise<string> {
  const id = await begin(targets, wish);
  await start(id);
  await desk.release.release(id);
  return id;
}

const takedown = (id: string) => desk.takedowns.get(EVERYTHING, id);
const deletionsOf = (takedownId: string) => desk.deletionViews.list(EVERYTHING, { takedownId, limit: 100 });
const deletion = (id: string | undefined) => desk.deletionViews.get(EVERYTHING, id ?? '');
const letUndoPass = (id: string) =>
  desk.sql(
    `UPDATE takedowns SET undo_until = now() - interval '1 s', hastens_at = hastens_at - undo_seconds * interval '1 s' - interval '1 s'
     WHERE id = $1`,
    [id],
  );
/** As if a call had been made whose answer nobody saw, and the deletion then given back to its lane. */
const callWithoutAnswer = async (id: string | undefined) => {
  await desk.sql(`UPDATE deletions SET attempts = 1 WHERE id = $1`, [id]);
  await desk.sql(
    `INSERT INTO deletion_attempts (id, deletion_id, operation, outcome) VALUES (gen_random_uuid(), $1, 'mass/delete', 'unknown_outcome')`,
    [id],
  );
};
const leave = async () => (await desk.laneDispatch.dispatch()).map(({ id }) => id);

describe('a cancelled takedown', () => {
  it('has nothing leave its lanes, although its cancel has not come to its deletions yet', async () => {
    const id = await aTakedown([aTarget(), aTarget()]);
    const [, called] = await deletionsOf(id);
    await callWithoutAnswer(called?.id);
    await desk.sql(`UPDATE takedowns SET state = 'cancelled', cancelled_at = now() WHERE id = $1`, [id]);
    // That one has been called: what came of it is to be found out.
    expect(await leave()).toEqual([called?.id]);
    await watch.look();
    expect(await desk.takedowns.counts(id)).toMatchObject({ cancelled: 1, queued: 1 });
  });

  it('cannot stop what was called without an answer', async () => {
    const id = await aTakedown([aTarget(), aTarget()]);
    const [called] = await deletionsOf(id);
    await callWithoutAnswer(called?.id);
    await expect(desk.deletionChanges.cancel(EVERYTHING, called?.id ?? '')).rejects.toThrow(DeletionStateConflict);
    expect(await desk.cancel.cancel(EVERYTHING, id)).toEqual({ cancelled: 1, tooLate: 1 });
    expect(await deletion(called?.id)).toMatchObject({ state: 'queued' });
    expect(await desk.cancel.cancelledWithRest()).toEqual([]);
  });

  it('lets a deletion of its own run that is retried after it was closed', async () => {
    const id = await aTakedown([aTarget()]);
    const [one] = await deletionsOf(id);
    await desk.sql(`UPDATE deletions SET state = 'failed', finished_at = now() WHERE id = $1`, [one?.id]);
    await desk.cancel.cancel(EVERYTHING, id);
    await watch.look();
    await desk.deletionChanges.retry(EVERYTHING, one?.id ?? '');
    expect(await leave()).toEqual([one?.id]);
  });

  it('hands over what another one counts on', async () => {
    const [shared, own] = [aTarget(), aTarget()];
    const id = await aTakedown([shared, own], { undoSeconds: 3_600 });
    const other = await aTakedown([shared], { isUrgent: true });
    const [{ id: sharedId } = { id: '' }] = await deletionsOf(other);
    expect(await desk.cancel.cancel(EVERYTHING, id)).toEqual({ cancelled: 1, tooLate: 0 });
    expect(await deletion(sharedId)).toMatchObject({ takedownId: other, isUrgent: true });
    expect(await leave()).toEqual([sharedId]);
    // Its progress still tells of it, and once nobody else wants it, it is stopped.
    expect(await desk.takedowns.counts(id)).toMatchObject({ cancelled: 1, queued: 1 });
    expect(await desk.takedowns.counts(other)).toMatchObject({ cancelled: 0, queued: 1 });
  });

  it('hands over to one that may still be undone what then waits for that, and is stopped with it', async () => {
    const shared = aTarget();
    const id = await aTakedown([shared]);
    const other = await aTakedown([shared], { isUrgent: true, undoSeconds: 3_600 });
    await desk.cancel.cancel(EVERYTHING, id);
    const { undoUntil } = await takedown(other);
    const [handed] = await deletionsOf(other);
    expect(handed).toMatchObject({ takedownId: other, isUrgent: true, readyAt: undoUntil });
    expect(await leave()).toEqual([]);
    expect(await desk.cancel.cancel(EVERYTHING, other)).toEqual({ cancelled: 1, tooLate: 0 });
  });
});

describe('what a takedown finds open', () => {
  const open = async () => {
    const target = aTarget();
    const id = uuidv7();
    const wish = { id, target, isUrgent: false, notBefore: TOMORROW, reason: null, metadata: {} };
    const by = { requestId: 'test', requestedBy: randomUUID() };
    await desk.deletionIntake.accept(desk.dataSource.manager, addressOf(merchant), { ...wish, ...by });
    return { id, target };
  };

  it('stays as it was while the takedown can be undone, and when it is', async () => {
    const { id, target } = await open();
    const before = await deletion(id);
    const undone = await aTakedown([target], { isUrgent: true, undoSeconds: 600 });
    await watch.look();
    expect(await deletion(id)).toEqual(before);
    await desk.cancel.cancel(EVERYTHING, undone);
    await letUndoPass(undone);
    await watch.look();
    expect(await deletion(id)).toEqual(before);
  });

  it('is hastened once, when the takedown cannot be undone any more', async () => {
    const { id, target } = await open();
    const takedownId = await aTakedown([target], { isUrgent: true, undoSeconds: 600 });
    await letUndoPass(takedownId);
    await watch.look();
    const { undoUntil } = await takedown(takedownId);
    expect(await deletion(id)).toMatchObject({ isUrgent: true, notBefore: null, readyAt: undoUntil });
    expect(await leave()).toEqual([id]);
    expect(await desk.takedowns.toHasten()).toEqual([]);
  });

  it('is not called again if it succeeded while it was being linked, but made anew if it failed', async () => {
    const [succeeds, fails] = [await open(), await open()];
    const id = await begin([succeeds.target, fails.target]);
    await start(id);
    await desk.sql(
      `CREATE FUNCTION end_them() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         UPDATE deletions SET finished_at = now(), state = CASE WHEN id = '${succeeds.id}' THEN 'succeeded' ELSE 'failed' END
         WHERE id IN ('${succeeds.id}', '${fails.id}') AND finished_at IS NULL;
         RETURN NULL;
       END $$`,
    );
    // At the end of the statement that has found both of them open.
    await desk.sql(
      `CREATE TRIGGER end_them AFTER DELETE ON takedown_items FOR EACH STATEMENT EXECUTE FUNCTION end_them()`,
    );
    await desk.release.release(id);
    await desk.sql(`DROP FUNCTION end_them CASCADE`);
    expect(await takedown(id)).toMatchObject({ state: 'running', accepted: 1, alreadyOpen: 1 });
    expect(await desk.takedowns.counts(id)).toMatchObject({ succeeded: 1, queued: 1 });
  });
});

describe('a target that one takedown names twice', () => {
  it('is one deletion, even if the first has ended before the second line is read', async () => {
    const twice = aTarget();
    const id = await begin([twice, aTarget(), twice, twice]);
    expect(await start(id)).toEqual({ items: 2, rejected: 0 });
    expect(await desk.sql(`SELECT line FROM takedown_items WHERE takedown_id = $1 ORDER BY line`, [id])).toEqual([
      { line: 1 },
      { line: 2 },
    ]);
    await desk.release.release(id);
    expect(await takedown(id)).toMatchObject({ accepted: 2, alreadyOpen: 2 });
  });
});

describe('a look of the watch', () => {
  it('carries the others on when one takedown cannot be', async () => {
    const stuck = await begin([aTarget()]);
    const sound = await begin([aTarget()]);
    await desk.sql(`UPDATE takedown_items SET merchant_id = gen_random_uuid() WHERE takedown_id = $1`, [stuck]);
    for (const id of [stuck, sound]) await start(id);
    await desk.sql(`UPDATE takedowns SET heard_at = now() - interval '1 hour' WHERE id = ANY($1)`, [[stuck, sound]]);
    await watch.look();
    expect((await takedown(sound)).state).toBe('running');
    await desk.cancel.cancel(EVERYTHING, stuck);
  });
});
