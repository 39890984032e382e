import type { Merchant } from '@app/merchants';
import { DeletionsDesk } from '../../../../test/support/deletions-desk.js';
import { FactsWait } from './facts-wait.js';

describe('a lane of whose merchant nothing is known', () => {
  let desk: DeletionsDesk;
  let wait: FactsWait;

  beforeAll(async () => {
    desk = await DeletionsDesk.open();
    wait = new FactsWait(desk.dataSource, desk.merchants);
  });
  afterAll(() => desk.close());
  // Lanes of earlier tests would be handed out along with those of the next.
  afterEach(async () => {
    await desk.sql(`DELETE FROM lane_wakes`);
    await desk.sql(`UPDATE merchant_pacing SET due_at = NULL`);
    await desk.sql(`UPDATE deletions SET finished_at = now() WHERE finished_at IS NULL`);
  });

  const set = ({ id }: Merchant, columns: string) => desk.sql(`UPDATE merchants SET ${columns} WHERE id = $1`, [id]);
  const unknown = async (): Promise<Merchant> => {
    const merchant = await desk.aMerchant();
    await set(merchant, `permission_sets = NULL`);
    return merchant;
  };
  const hold = ({ platformId }: Merchant) =>
    desk.sql(`INSERT INTO platform_holds (platform_id, reason, probe_at) VALUES ($1, 'connect_failed', now())`, [
      platformId,
    ]);
  const dispatched = async () => (await desk.laneDispatch.dispatch()).map(({ id }) => id);

  it('waits, and says for what', async () => {
    const merchant = await unknown();
    const ids = await desk.accept(merchant, 2, { isUrgent: true });
    expect(await dispatched()).toEqual([]);
    for (const deletion of await desk.view(ids)) {
      expect(deletion).toMatchObject({ state: 'waiting', waitingFor: 'facts', attempts: 0 });
      expect(deletion.waitingUntil).toBeInstanceOf(Date);
    }
  });

  it('goes on as soon as the facts are read', async () => {
    const merchant = await unknown();
    const ids = await desk.accept(merchant, 2);
    expect(await dispatched()).toEqual([]);
    await set(merchant, `permission_sets = '{1,7}', facts_read_at = now()`);
    expect(await dispatched()).toEqual([]);
    await wait.wake(merchant.id);
    expect(await dispatched()).toEqual(ids);
  });

  it.each([
    ['permission_set_7_not_granted', `permission_sets = '{1}', ineligible_reasons = '{permission_set_7_not_granted}'`],
    ['not_an_official_account', `is_mini_program = true, ineligible_reasons = '{not_an_official_account}'`],
    ['not_verified', `verify_type = -1, ineligible_reasons = '{not_verified}'`],
    ['account_frozen', `account_status = 19, ineligible_reasons = '{account_frozen}'`],
  ])('is emptied without a call when the facts say %s', async (code, columns) => {
    const merchant = await unknown();
    const ids = await desk.accept(merchant, 2);
    expect(await dispatched()).toEqual([]);
    await set(merchant, `permission_sets = '{7}', facts_read_at = now()`);
    await set(merchant, columns);
    await wait.wake(merchant.id);
    expect(await dispatched()).toEqual([]);
    for (const deletion of await desk.view(ids)) {
      expect(deletion).toMatchObject({ state: 'failed', outcomeCode: code, attempts: 0 });
    }
  });

  it.each([
    ['the sets are unknown and the reading fails', 'NULL', '29 minutes', true],
    ['the reading has failed for half an hour', 'NULL', '31 minutes', false],
    ['set 7 is known and the reading of the account fails', `'{7}'`, '50 s', true],
    ['set 7 is known and the reading has failed for a minute', `'{7}'`, '61 s', false],
    ['the reading was not tried', 'NULL', undefined, true],
    ['set 7 is known and nothing has failed', `'{7}'`, undefined, false],
  ])('when %s', async (_when, sets, failing, waits) => {
    const merchant = await desk.aMerchant();
    const since = failing === undefined ? 'NULL' : `now() - interval '${failing}'`;
    await set(merchant, `permission_sets = ${sets}, facts_failing_since = ${since}`);
    const ids = await desk.accept(merchant, 1);
    expect(await dispatched()).toEqual(waits ? [] : ids);
  });

  it('has its facts asked for at once, by one process, and less and less often while that fails', async () => {
    const [merchant, idle] = [await unknown(), await unknown()];
    expect(await wait.claim(100)).toEqual([]);
    await desk.accept(merchant, 1);
    // It has come to its lane by then, and its platform can ask.
    expect(await dispatched()).toEqual([]);
    const platform = (columns: string) =>
      desk.sql(`UPDATE platforms SET ${columns} WHERE id = $1`, [merchant.platformId]);
    await platform(`ticket_sealed = NULL`);
    expect(await wait.claim(100)).toEqual([]);
    await platform(`ticket_sealed = 'x'`);
    await hold(merchant);
    expect(await wait.claim(100)).toEqual([]);
    await desk.sql(`DELETE FROM platform_holds WHERE platform_id = $1`, [merchant.platformId]);
    const taken = await Promise.all([wait.claim(100), wait.claim(100), wait.claim(100)]);
    expect(taken.flat()).toEqual([merchant.id]);
    await set(merchant, `facts_asked_at = now() - interval '11 s', facts_failing_since = now() - interval '11 s'`);
    expect(await wait.claim(100)).toEqual([merchant.id]);
    await set(
      merchant,
      `facts_asked_at = now() - interval '2 minutes', facts_failing_since = now() - interval '10 minutes'`,
    );
    expect(await wait.claim(100)).toEqual([]);
    await set(merchant, `facts_asked_at = now() - interval '5 minutes'`);
    expect(await wait.claim(100)).toEqual([merchant.id]);
    await set(merchant, `facts_asked_at = NULL, facts_read_at = now()`);
    expect(await wait.claim(100)).toEqual([]);
    expect(await desk.sql(`SELECT facts_asked_at FROM merchants WHERE id = $1`, [idle.id])).toEqual([
      { facts_asked_at: null },
    ]);
  });

  it('is no probe of a held platform', async () => {
    const merchant = await unknown();
    await desk.accept(merchant, 1);
    await dispatched();
    await hold(merchant);
    await desk.holds.probe();
    const probes = `SELECT probe_merchant_id FROM platform_holds WHERE platform_id = $1`;
    expect(await desk.sql(probes, [merchant.platformId])).toEqual([{ probe_merchant_id: null }]);
  });
});
