import { MerchantsWorld, type WorldPlatform } from '../../../../test/support/merchants-world.js';
import { PlatformUpkeep } from './platform-upkeep.js';

describe('the upkeep of platforms', () => {
  let world: MerchantsWorld;
  let platform: WorldPlatform;

  beforeAll(async () => {
    world = await MerchantsWorld.start();
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    platform = await world.platform();
  });

  const set = (columns: string) => world.sql(`UPDATE platforms SET ${columns} WHERE id = $1`, [platform.id]);
  const isAmong = (found: { id: string }[]) => found.some(({ id }) => id === platform.id);
  const take = async () => isAmong(await world.get(PlatformUpkeep).claimSilent());
  const told = () =>
    world.sql<{ data: object }>(`SELECT data FROM events WHERE platform_id = $1 AND type = 'platform.ticket_silent'`, [
      platform.id,
    ]);

  it('does not ask for tickets that come', async () => {
    await set(`ticket_received_at = now() - interval '29 minutes'`);
    expect(await take()).toBe(false);
    expect(await told()).toEqual([]);
  });

  it('asks for a ticket after half an hour of silence, by one process, and again after ten minutes', async () => {
    await set(`ticket_received_at = now() - interval '31 minutes'`);
    const asked = await Promise.all([take(), take(), take()]);
    expect(asked.filter(Boolean)).toHaveLength(1);
    await set(`ticket_asked_at = now() - interval '9 minutes'`);
    expect(await take()).toBe(false);
    await set(`ticket_asked_at = now() - interval '11 minutes'`);
    expect(await take()).toBe(true);
  });

  it('tells of a silence once, and of the next one again', async () => {
    await set(`ticket_received_at = now() - interval '31 minutes'`);
    await take();
    await set(`ticket_asked_at = now() - interval '11 minutes'`);
    await take();
    expect(await told()).toEqual([{ data: { ticket_received_at: expect.any(String) } }]);
    await set(`ticket_received_at = now() - interval '40 minutes', ticket_asked_at = now() - interval '2 hours'`);
    await take();
    expect(await told()).toHaveLength(2);
  });

  it('asks for the ticket of a platform that never got one, half an hour after it was registered', async () => {
    platform = await world.platform({ hasTicket: false });
    expect(await take()).toBe(false);
    await set(`created_at = now() - interval '31 minutes'`);
    expect(await take()).toBe(true);
    await set(`ticket_asked_at = now() - interval '11 minutes'`);
    expect(await take()).toBe(true);
    expect(await told()).toEqual([{ data: { ticket_received_at: null } }]);
  });

  it('has platforms reconciled that were not for a day, if they have a ticket to ask with', async () => {
    const isDue = async () => isAmong(await world.get(PlatformUpkeep).claimForReconciliation(new Date()));
    expect(await isDue()).toBe(false);
    await set(`created_at = now() - interval '25 hours'`);
    expect(await isDue()).toBe(true);
    await set(`reconciled_at = now() - interval '23 hours', reconcile_asked_at = NULL`);
    expect(await isDue()).toBe(false);
    await set(`reconciled_at = now() - interval '25 hours'`);
    expect(await isDue()).toBe(true);
    // Whether it came to an end or not: not again within the hour.
    expect(await isDue()).toBe(false);
    await set(`reconcile_asked_at = now() - interval '61 minutes'`);
    expect(await isDue()).toBe(true);
    await set(`reconcile_asked_at = NULL`);
    await set(`ticket_received_at = now() - interval '13 hours'`);
    expect(await isDue()).toBe(false);
  });
});
