import { EVERYTHING } from '@app/scope';
import { DeletionsDesk } from '../../../../test/support/deletions-desk.js';
import { DeletionTallies } from './deletion-tallies.js';
import { pointsOf, spansAt } from './spans.js';

const DAYS = 6;

describe('tallies of how deletions ended', () => {
  let desk: DeletionsDesk;
  let tallies: DeletionTallies;

  beforeAll(async () => {
    desk = await DeletionsDesk.open();
    tallies = new DeletionTallies(desk.dataSource);
    const ids = await desk.accept(await desk.aMerchant(), 1_000);
    // One every nine minutes, the last of them twenty minutes ago.
    await desk.sql(
      `UPDATE deletions SET state = 'failed', outcome_code = CASE WHEN n % 3 = 0 THEN 'refused' ELSE 'unknown' END,
         finished_at = now() - interval '20 min' - n * interval '9 min'
       FROM unnest($1::uuid[]) WITH ORDINALITY AS of (id, n) WHERE deletions.id = of.id`,
      [ids],
    );
    await desk.sql(
      `UPDATE deletion_tally_marks SET tallied_until = date_trunc('hour', now()) - ${DAYS + 1} * interval '1 day'`,
    );
  });
  afterAll(() => desk.close());

  it('show the same in every chart after they are merged, and are few then', async () => {
    const spans = Object.values(spansAt(new Date()));
    const shown = () => Promise.all(spans.map(async (span) => pointsOf(span, await tallies.ended(EVERYTHING, span))));
    const before = await shown();
    // A day at a time: each joins what was merged of the day before.
    for (let sweep = 0; sweep <= DAYS + 1; sweep++) {
      await tallies.keep();
      expect(await shown()).toEqual(before);
    }
    const [tallied] = await desk.sql<{ count: number; at_all: number }>(
      `SELECT sum(count)::int AS count, count(DISTINCT at)::int AS at_all FROM deletion_tallies`,
    );
    expect(tallied?.count).toBe(1_000);
    // Days, the hours of one and some more, and the steps of two and some more.
    expect(tallied?.at_all).toBeLessThan(DAYS + 2 + 27 + 36);
  });
});
