import { DeletionsDesk } from '../../../../test/support/deletions-desk.js';
import { LEADER_LOCK } from '../runs/dispatcher.js';
import { DeletionTallies } from './deletion-tallies.js';
import { WorkFigures } from './work-figures.js';

describe('figures about the work', () => {
  let desk: DeletionsDesk;
  let figures: WorkFigures;

  beforeAll(async () => {
    desk = await DeletionsDesk.open();
    figures = new WorkFigures(desk.dataSource);
  });
  afterAll(() => desk.close());

  it('tell of a lane that nobody looks at, before anybody knows that it is due', async () => {
    expect((await figures.pulse()).oldestDueLaneS).toBe(0);
    await desk.accept(await desk.aMerchant(), 1, { notBefore: new Date(Date.now() + 3_600_000) });
    expect((await figures.pulse()).oldestDueLaneS).toBe(0);
    await desk.accept(await desk.aMerchant(), 1);
    await desk.sql(`UPDATE lane_wakes SET ready_at = now() - interval '5 min' WHERE ready_at <= now()`);
    expect((await figures.pulse()).oldestDueLaneS).toBeGreaterThanOrEqual(300);
    await desk.laneDispatch.dispatch();
    expect((await figures.pulse()).oldestDueLaneS).toBe(0);
    await desk.sql(`UPDATE merchant_pacing SET due_at = now() - interval '10 min' WHERE due_at IS NOT NULL`);
    expect((await figures.pulse()).oldestDueLaneS).toBeGreaterThanOrEqual(600);
    expect((await figures.lanes()).due).toBe(1);
  });

  it('tell whether somebody dispatches', async () => {
    expect((await figures.pulse()).dispatchers).toBe(0);
    const leader = desk.dataSource.createQueryRunner();
    await leader.query('SELECT pg_advisory_lock($1)', [LEADER_LOCK]);
    expect((await figures.pulse()).dispatchers).toBe(1);
    await leader.query('SELECT pg_advisory_unlock($1)', [LEADER_LOCK]);
    await leader.release();
    expect((await figures.pulse()).dispatchers).toBe(0);
  });

  it('tell by reason what lanes wait for', async () => {
    await desk.sql(`UPDATE merchant_pacing SET due_at = NULL`);
    await desk.sql(`DELETE FROM lane_wakes`);
    const lane = async (change: string) => {
      const { id } = await desk.aMerchant();
      await desk.sql(`UPDATE merchant_pacing SET due_at = now() + interval '1 h', ${change} WHERE merchant_id = $1`, [
        id,
      ]);
      return id;
    };
    await lane(`next_slot_at = now() + interval '1 h'`);
    await lane(`blocked_for = 'daily_quota', blocked_until = now() + interval '1 h'`);
    await lane(`blocked_for = 'daily_quota', blocked_until = now() + interval '1 h'`);
    await lane(`blocked_for = 'rate_limit', blocked_until = now() - interval '1 h'`);
    const held = await lane(`blocked_until = NULL`);
    await desk.sql(
      `INSERT INTO platform_holds (platform_id, reason, probe_at)
       SELECT platform_id, 'connect_failed', now() FROM merchants WHERE id = $1`,
      [held],
    );
    const unread = await lane(`blocked_until = NULL`);
    await desk.sql(`UPDATE merchants SET permission_sets = NULL WHERE id = $1`, [unread]);
    expect(await figures.lanes()).toEqual({ pace: 1, daily_quota: 2, later: 1, platform: 1, facts: 1 });
  });

  it('tell how deletions ended, in numbers that never fall', async () => {
    const tallies = new DeletionTallies(desk.dataSource);
    const [first = '', second = ''] = await desk.accept(await desk.aMerchant(), 2);
    const end = (id: string, outcome: string, minutesAgo: number) =>
      desk.sql(
        `UPDATE deletions SET state = 'failed', outcome_code = $2, finished_at = now() - $3 * interval '1 min' WHERE id = $1`,
        [id, outcome, minutesAgo],
      );
    const tally = async () => {
      await desk.sql(`UPDATE deletion_tally_marks SET tallied_until = now() - interval '20 min'`);
      await desk.sql(`DELETE FROM deletion_tallies`);
      await tallies.keep();
    };
    await end(first, 'refused', 15);
    await tally();
    expect(await figures.ended()).toEqual([{ state: 'failed', outcomeCode: 'refused', count: 1 }]);
    // The second tally of the same deletion stands for another one that ended so.
    await end(second, 'refused', 15);
    await tally();
    expect(await figures.ended()).toEqual([{ state: 'failed', outcomeCode: 'refused', count: 3 }]);
    await desk.sql(`DELETE FROM deletion_tallies`);
    expect(await figures.ended()).toHaveLength(1);
  });
});
