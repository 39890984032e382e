import { DeletionTallies } from '@app/deletions';
import { EVERYTHING, type Scope } from '@app/scope';
import { PLATFORM, System } from './support/system.js';

const OTHER = { ...PLATFORM, component_appid: 'wxfedcba9876543210' };

let system: System;
let merchant: string;
let other: string;
/** An authorization header for a key that is limited to the merchant of each platform. */
let limitedTo: (limits: object, role?: string) => Promise<Record<string, string>>;

beforeAll(async () => {
  system = await System.start();
  await system.registerPlatform();
  await system.registerPlatform(OTHER);
  merchant = await system.onboardMerchant();
  other = await system.onboardMerchant({}, { platform: OTHER });
  limitedTo = async (limits, role = 'viewer') => {
    const { body } = await system.call('POST', '/v1/api-keys', { name: 'limited', role, ...limits });
    return { authorization: `Bearer ${body.key}` };
  };
});
afterAll(() => system.close());

const asked = async (wish: object) => (await system.call('POST', '/v1/deletions', wish)).body.id as string;
/** Figures are remembered for some seconds: each look is with a key of limits that nobody has asked with. */
const overview = async (headers?: Record<string, string>) =>
  (await system.call('GET', '/v1/overview', undefined, headers)).body;

it('tells what was done, waits and is left, of everything and within limits', async () => {
  const sent = await system.sendMassMessage(merchant, { articles: [{ title: 'a' }, { title: 'b' }, { title: 'c' }] });
  const elsewhere = await system.sendMassMessage(other, { articles: [{ title: 'a' }] });
  const done = [
    await asked({ merchant, msg_id: sent, article_idx: 1 }),
    await asked({ merchant, msg_id: sent, article_idx: 2 }),
    await asked({ merchant: other, msg_id: elsewhere, article_idx: 1 }),
  ];
  for (const id of done) expect((await system.finished(id)).state).toBe('succeeded');
  const later = new Date(Date.now() + 60 * 60_000).toISOString();
  await asked({ merchant, msg_id: sent, article_idx: 3, not_before: later });
  const cancelled = await asked({ merchant, msg_id: '3147480001', article_idx: 1, not_before: later });
  await system.call('POST', `/v1/deletions/${cancelled}/cancel`);

  // A limit of the provider's, and one that a key with limits has set: that counts as far as it is less.
  await system.call('PATCH', `/v1/merchants/${merchant}`, { daily_limit: 7 });
  await system.call(
    'PATCH',
    `/v1/merchants/${other}`,
    { daily_limit: 5 },
    await limitedTo({ merchants: [other] }, 'admin'),
  );

  const all = await overview(await limitedTo({ platforms: [PLATFORM.component_appid, OTHER.component_appid] }));
  expect(all.deletions).toEqual({
    open: { scheduled: 1, queued: 0, running: 0, waiting: 0 },
    waiting_for: {},
    today: { since: expect.stringMatching(/T16:00:00\.000Z$/), succeeded: 3, failed: 0, cancelled: 1 },
  });
  // Each figure is as long as its list.
  const listed = async (query: Record<string, string>) =>
    (await system.call('GET', `/v1/deletions?${new URLSearchParams(query).toString()}`)).body.data.length;
  const { since, ...counts } = all.deletions.today;
  for (const [state, count] of Object.entries(counts)) {
    expect([state, await listed({ state, finished_after: since })]).toEqual([state, count]);
  }
  expect(all.merchants).toMatchObject({ total: 2, eligible: 2, ineligible: { unauthorized: 0, not_verified: 0 } });
  expect(all.platforms).toEqual([
    expect.objectContaining({
      component_appid: PLATFORM.component_appid,
      ticket_state: 'fresh',
      merchants: 1,
      hold: null,
    }),
    expect.objectContaining({
      component_appid: OTHER.component_appid,
      ticket_state: 'fresh',
      merchants: 1,
      hold: null,
    }),
  ]);
  const lefts = await Promise.all(
    [merchant, other].map(async (appid) => {
      const { limits, quota } = (await system.call('GET', `/v1/merchants/${appid}`)).body;
      return limits.daily_limit - quota.used_today;
    }),
  );
  expect(all.quota).toEqual({ accounts: 2, left: (lefts[0] ?? 0) + (lefts[1] ?? 0), resets_at: expect.any(String) });
  for (const span of [all.series.hour, all.series.day, all.series.month]) {
    const total = (of: (point: any) => number) => span.points.reduce((sum: number, point: any) => sum + of(point), 0);
    expect(total(({ succeeded }) => succeeded)).toBe(3);
    expect(total(({ cancelled: count }) => count)).toBe(1);
    expect(total(({ outcomes }) => outcomes.deleted ?? 0)).toBe(3);
  }
  expect(all.events).toHaveLength(Math.min(20, all.events.length));
  expect(all.events.map(({ type }: { type: string }) => type)).toContain('deletion.succeeded');

  const mine = await overview(await limitedTo({ merchants: [merchant] }));
  expect(mine.deletions.today).toMatchObject({ succeeded: 2, failed: 0, cancelled: 1 });
  expect(mine.merchants.total).toBe(1);
  expect(mine.quota).toMatchObject({ accounts: 1, left: lefts[0] });
  const theirs = await overview(await limitedTo({ platforms: [OTHER.component_appid] }));
  expect(theirs.deletions).toMatchObject({ open: { scheduled: 0 }, today: { succeeded: 1, cancelled: 0 } });
  expect(JSON.stringify(theirs)).not.toContain(merchant);
  expect(JSON.stringify(theirs)).not.toContain(PLATFORM.component_appid);
});

it('shows the takedowns that are under way', async () => {
  const items = [1, 2].map((article_idx) => ({ merchant: other, msg_id: '3147490001', article_idx }));
  const { body } = await system.call('POST', '/v1/takedowns', { items, undo_seconds: 3_600, reason: 'recall' });
  const { takedowns } = await overview(await limitedTo({ platforms: [OTHER.component_appid], merchants: [other] }));
  // It was asked for beyond the limits of that key.
  expect(takedowns).toEqual([]);
  const seen = await overview();
  expect(seen.takedowns).toEqual([
    expect.objectContaining({
      id: body.id,
      state: 'pending',
      reason: 'recall',
      counts: expect.objectContaining({ scheduled: 2 }),
      ended_last_minute: 0,
    }),
  ]);
});

it('rings for a ticket that stays away, a hold and merchants who have to authorize again', async () => {
  await system.sql(
    `UPDATE platforms SET ticket_received_at = now() - interval '40 minutes' WHERE component_appid = $1`,
    [OTHER.component_appid],
  );
  await system.sql(
    `INSERT INTO platform_holds (platform_id, reason, errcode, probe_at)
     SELECT id, 'platform_broken', 61004, now() + interval '1 day' FROM platforms WHERE component_appid = $1`,
    [PLATFORM.component_appid],
  );
  await system.sql(
    `UPDATE merchants SET state = 'reauthorization_required', ineligible_reasons = '{reauthorization_required}'
     WHERE authorizer_appid = $1`,
    [merchant],
  );
  const both = { platforms: [OTHER.component_appid, PLATFORM.component_appid] };
  const { alarms } = await overview(await limitedTo(both, 'admin'));
  expect(alarms).toEqual([
    expect.objectContaining({
      code: 'platform_held',
      severity: 'critical',
      subject: { type: 'platform', id: PLATFORM.component_appid, filter: {} },
      facts: { platform: PLATFORM.component_appid, reason: 'platform_broken', errcode: 61004 },
    }),
    expect.objectContaining({ code: 'ticket_silent', severity: 'warning' }),
    expect.objectContaining({ code: 'must_reauthorize', count: 1 }),
  ]);
  const { filter } = alarms[2].subject;
  const found = await system.call('GET', `/v1/merchants?${new URLSearchParams(filter).toString()}`);
  expect(found.body.data.map(({ appid }: { appid: string }) => appid)).toEqual([merchant]);
});

it('tells of a webhook endpoint to those alone who may read it', async () => {
  const limits = { merchants: [other] };
  const hook = { url: 'https://hooks.example.com/x', event_types: ['*'], ...limits };
  const { body } = await system.call('POST', '/v1/webhook-endpoints', hook);
  await system.sql(`UPDATE webhook_endpoints SET failing_since = now() - interval '1 hour' WHERE id = $1`, [body.id]);
  const codesFor = async (role: string) =>
    (await overview(await limitedTo(limits, role))).alarms.map(({ code }: { code: string }) => code);
  expect(await codesFor('viewer')).not.toContain('webhook_failing');
  expect(await codesFor('admin')).toContain('webhook_failing');
});

it('counts the same before a sweep has tallied it and after', async () => {
  await system.stopWorker();
  const tallies = system.api.get(DeletionTallies);
  const counted = (scope: Scope = EVERYTHING) => tallies.ended(scope, { from, stepMs: 300_000, steps: 24 });
  const from = new Date(Date.now() - 2 * 60 * 60_000);
  const ofOther = { platforms: [OTHER.component_appid], merchants: null };
  // As if all of it had ended some time ago, and nobody had swept since.
  await system.sql(`UPDATE deletions SET finished_at = finished_at - interval '20 min' WHERE finished_at IS NOT NULL`);
  await system.sql(`TRUNCATE deletion_tallies`);
  await system.sql(
    `UPDATE deletion_tally_marks
     SET tallied_until = date_bin('5 min', now(), '2000-01-01 00:00+08') - interval '3 days 1 hour'`,
  );
  const before = [await counted(), await counted(ofOther)];
  const [row] = await system.sql<{ all: number; other: number }>(
    `SELECT count(*)::int AS all, count(*) FILTER (WHERE m.authorizer_appid = $1)::int AS other
     FROM deletions d JOIN merchants m ON m.id = d.merchant_id WHERE d.finished_at IS NOT NULL`,
    [other],
  );
  expect(row?.all).toBeGreaterThanOrEqual(4);
  expect(before.map((counts) => counts.reduce((sum, { count }) => sum + count, 0))).toEqual([row?.all, row?.other]);
  const tallied: (number | null)[] = [];
  for (let sweeps = 0; sweeps < 5; sweeps++) {
    await tallies.keep();
    const [sum] = await system.sql<{ count: number | null }>(`SELECT sum(count)::int AS count FROM deletion_tallies`);
    tallied.push(sum?.count ?? null);
    expect([await counted(), await counted(ofOther)]).toEqual(before.map((counts) => expect.arrayContaining(counts)));
  }
  // A sweep tallies a day at most, so that no shutdown waits for many.
  expect(tallied).toEqual([null, null, null, row?.all, row?.all]);
});

it('forgets tallies that no chart shows any more', async () => {
  await system.sql(`UPDATE deletion_tallies SET at = at - interval '33 days'`);
  await system.api.get(DeletionTallies).keep();
  expect(await system.sql(`SELECT * FROM deletion_tallies`)).toEqual([]);
});

it('rings when no worker has swept for long, for those who see everything', async () => {
  const codesFor = async (headers?: Record<string, string>) =>
    (await overview(headers)).alarms.map(({ code }: { code: string }) => code);
  // Tallies that are far behind, as after an upgrade, tell nothing of the worker.
  await system.sql(`UPDATE deletion_tally_marks SET swept_at = NULL, tallied_until = now() - interval '31 days'`);
  expect(await codesFor()).not.toContain('worker_silent');
  await system.api.get(DeletionTallies).keep();
  expect(await codesFor()).not.toContain('worker_silent');
  await system.sql(`UPDATE deletion_tally_marks SET swept_at = now() - interval '1 hour'`);
  expect(await codesFor()).toContain('worker_silent');
  expect(await codesFor(await limitedTo({ merchants: [merchant] }))).not.toContain('worker_silent');
});
