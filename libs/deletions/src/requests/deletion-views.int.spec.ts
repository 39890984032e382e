import { EVERYTHING } from '@app/scope';
import { DeletionsDesk } from '../../../../test/support/deletions-desk.js';
import { waitingFor, type WaitingFor } from '../deletion/states.js';

describe('a list of what waits for something', () => {
  let desk: DeletionsDesk;
  const ids: string[] = [];

  const shut = (merchant: string, reason: WaitingFor, { evenUrgent = true } = {}) =>
    desk.sql(
      `UPDATE merchant_pacing SET blocked_for = $2, blocked_until = now() + interval '1 day',
         urgent_blocked_until = CASE WHEN $3 THEN now() + interval '1 day' END WHERE merchant_id = $1`,
      [merchant, reason, evenUrgent],
    );

  beforeAll(async () => {
    desk = await DeletionsDesk.open();
    const ofLanes: WaitingFor[] = ['rate_limit', 'daily_quota', 'merchant_admin', 'token_conflict'];
    const fill = async (unread = false) => {
      const merchant = await desk.aMerchant();
      if (unread) await desk.sql(`UPDATE merchants SET permission_sets = NULL WHERE id = $1`, [merchant.id]);
      ids.push(...(await desk.accept(merchant, 2)), ...(await desk.accept(merchant, 1, { isUrgent: true })));
      return merchant;
    };
    // The first of each kind has been looked at by the dispatcher. Of the second, only a wake tells that something is in it.
    for (const isLookedAt of [true, false]) {
      for (const reason of ofLanes) await shut((await fill()).id, reason);
      await shut((await fill()).id, 'daily_quota', { evenUrgent: false });
      await fill(true);
      const held = await fill();
      await desk.sql(
        `INSERT INTO platform_holds (platform_id, reason, probe_at) VALUES ($1, 'connect_failed', now() + interval '1 h')`,
        [held.platformId],
      );
      if (isLookedAt) await desk.laneDispatch.dispatch();
    }
    // Each deletion's own: of a lane that is open, and of one that is shut for something else.
    const [own] = await desk.accept(await desk.aMerchant(), 1);
    const both = await desk.aMerchant();
    const [shadowed] = await desk.accept(both, 1);
    await shut(both.id, 'token_conflict');
    for (const id of [own, shadowed]) {
      await desk.sql(
        `UPDATE deletions SET state = 'waiting', waiting_for = 'backoff', waiting_until = now() + interval '1 h',
           ready_at = CASE WHEN $2 THEN now() + interval '1 h' ELSE ready_at END WHERE id = $1`,
        [id, id === own],
      );
      ids.push(String(id));
    }
  });
  afterAll(() => desk.close());

  const expectThoseThatShow = async (reason: WaitingFor) => {
    const shown = (await desk.view(ids)).filter((deletion) => deletion.waitingFor === reason).map(({ id }) => id);
    expect(shown).not.toEqual([]);
    const listed = await desk.deletionViews.list(EVERYTHING, { waitingFor: reason, limit: 100 });
    expect([reason, listed.map(({ id }) => id)]).toEqual([reason, shown.sort().reverse()]);
  };

  it.each(waitingFor)('has those that show %s, and no others', expectThoseThatShow);

  it('has them also where there are more wakes than it reads', async () => {
    const wakes = await desk.sql<{ id: string }>(`DELETE FROM lane_wakes RETURNING merchant_id AS id`);
    const wake = (merchants: string[]) =>
      desk.sql('INSERT INTO lane_wakes (merchant_id, ready_at) SELECT unnest($1::uuid[]), now()', [merchants]);
    const { id } = await desk.aMerchant();
    await wake(Array.from({ length: 10_000 }, () => id));
    await wake(wakes.map((one) => one.id));
    for (const reason of waitingFor) await expectThoseThatShow(reason);
  });
});
