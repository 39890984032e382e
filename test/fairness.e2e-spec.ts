import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from './support/eventually.js';
import { Fleet } from './support/fleet.js';
import { queueBackends } from './support/queue-backends.js';
import { System } from './support/system.js';

/** Deletions that wait for the noisy merchant. */
const NOISE = Number(process.env.RETRACT_FAIRNESS_NOISE ?? 20_000);
const NOISY_RATE = 6_000;
const QUIET_MERCHANTS = 30;
const ROUNDS = 3;
/**
 * Calls of the noisy merchant while a quiet one waits for its own: what its rate gives in 1.5 s. Calls are
 * counted, and not the time, because a slow machine slows both. One line for all would let thousands go first.
 */
const CALLS_BEFORE = NOISY_RATE / 40;

/** Of each message; every one is a deletion of its own. */
const ARTICLES = 2;

/** Merchants with more to delete than a minute allows. */
const STEADY_RATES = [30, 120, 600];
const MINUTE_MS = 60_000;
/** The least part of a rate that is used. A machine of our own uses 0.95 and more; one that others load cannot. */
const USED = Number(process.env.RETRACT_FAIRNESS_USED ?? 0.6);
/** Of the daily limit, which is 10, two are for urgent deletions. */
const SPARING = { merchants: 10, normal: 12, urgent: 4 };

interface Granted {
  merchant: string;
  msgId: string;
}

describe.each(queueBackends)('many merchants, with the queue on %s,', (_backend, queueUrlFor) => {
  let system: System;
  let fleet: Fleet;
  let noisy: Granted;
  let quiet: Granted[];
  let sparing: Granted[];
  const steady = new Map<number, string>();
  /** WeChat is this process: what comes while it stands still is logged when it goes on. */
  const standstill = monitorEventLoopDelay();

  beforeAll(async () => {
    system = await System.start({
      queueUrlFor,
      withWorker: false,
      env: { DEFAULT_DAILY_QUOTA: '1000000' },
      simulator: {
        callLogSize: NOISE + 5_000,
        settings: { daily_limits: { 'mass/delete': 1_000_000 }, minute_limits: { 'mass/delete': 1_000_000 } },
      },
    });
    fleet = await Fleet.start(2, system.environment);
    await system.registerPlatform();
    await system.control('PUT', 'latencies', { operation: '*', latency: { distribution: 'fixed', ms: 20 } });
    noisy = await oneMerchant(NOISE);
    await limit(noisy.merchant, { rate_per_minute: NOISY_RATE });
    quiet = await system.grantedMerchants(QUIET_MERCHANTS, ROUNDS);
    sparing = await system.grantedMerchants(SPARING.merchants, (SPARING.normal + SPARING.urgent) / ARTICLES);
    for (const { merchant } of sparing) {
      await system.control('PATCH', `merchants/${merchant}/quotas`, { 'mass/delete': { daily_limit: 10 } });
      await limit(merchant, { daily_limit: 10 });
    }
    // They take their time; the tests between go on meanwhile.
    standstill.enable();
    for (const rate of STEADY_RATES) {
      const granted = await oneMerchant(1.2 * rate);
      await limit(granted.merchant, { rate_per_minute: rate });
      await takeBack(granted, 1.2 * rate);
      steady.set(rate, granted.merchant);
    }
  });
  afterAll(async () => {
    standstill.disable();
    await fleet.kill();
    await system.close();
  });

  async function oneMerchant(deletions: number): Promise<Granted> {
    const [granted] = await system.grantedMerchants(1, deletions / ARTICLES);
    return granted ?? { merchant: '', msgId: '' };
  }

  const limit = (merchant: string, limits: { rate_per_minute?: number; daily_limit?: number }) =>
    system.call('PATCH', `/v1/merchants/${merchant}`, limits);

  const wish = ({ merchant, msgId }: Granted, nth: number) => ({
    merchant,
    msg_id: String(BigInt(msgId) + BigInt(Math.floor(nth / ARTICLES))),
    article_idx: 1 + (nth % ARTICLES),
  });
  async function accept(granted: Granted, nth: number, priority = 'normal'): Promise<string> {
    const { status, body } = await system.call('POST', '/v1/deletions', { ...wish(granted, nth), priority });
    expect(status).toBe(202);
    return body.id;
  }

  /** So many at once. */
  async function takeBack(granted: Granted, deletions: number): Promise<void> {
    const lines = Array.from({ length: deletions }, (_one, nth) => JSON.stringify(wish(granted, nth)));
    const ndjson = { 'content-type': 'application/x-ndjson' };
    const { body } = await system.callText('POST', '/v1/takedowns', lines.join('\n'), ndjson);
    // Where the machine is slow, the answer comes before all of them are in their lane.
    const takedown = await eventually(
      () => system.call('GET', `/v1/takedowns/${body.id}`),
      ({ body: { state } }) => state !== 'receiving',
    );
    expect(takedown.body).toMatchObject({ accepted: deletions });
  }

  const allSucceeded = (ids: string[]) =>
    eventually(
      () => system.sql(`SELECT id, state FROM deletions WHERE id = ANY($1) AND state <> 'succeeded'`, [ids]),
      ({ length }) => length === 0,
    );
  const allCalled = (merchant: string, count: number) =>
    eventually(
      () => Promise.resolve(callTimes(merchant).length),
      (calls) => calls === count,
    );

  /** When each call of this merchant came to WeChat, ms. */
  const callTimes = (merchant: string) =>
    system.simulator.simulation.callLog
      .find({ authorizer_appid: merchant, operation: 'mass/delete' })
      .map(({ at, latencyMs }) => at - latencyMs)
      .toSorted((one, other) => one - other);

  /** Each quiet merchant deletes one message. @returns when each was sent to us, and called at WeChat, ms */
  async function quietRound(nth: number): Promise<{ sentAt: number; calledAt: number }[]> {
    const ids: string[] = [];
    const sentAt: number[] = [];
    for (const one of quiet) {
      sentAt.push(Date.now());
      ids.push(await accept(one, nth));
      await delay(20);
    }
    await allSucceeded(ids);
    return quiet.map(({ merchant }, at) => ({
      sentAt: sentAt[at] ?? NaN,
      calledAt: callTimes(merchant).at(-1) ?? NaN,
    }));
  }

  it('one of whom has thousands of deletions waiting: the others do not notice', async () => {
    await takeBack(noisy, NOISE);
    const waits: { sentAt: number; calledAt: number }[] = [];
    for (let round = 0; round < ROUNDS; round++) waits.push(...(await quietRound(round)));
    const noise = callTimes(noisy.merchant);
    expect(noise.length).toBeGreaterThan(0);
    expect(noise.length).toBeLessThan(NOISE);
    expect(waits.every(({ calledAt }) => Number.isFinite(calledAt))).toBe(true);
    const before = waits.map(({ sentAt, calledAt }) => noise.filter((at) => at >= sentAt && at < calledAt).length);
    expect(median(before)).toBeLessThan(CALLS_BEFORE);
  });

  it('each keeps to its daily limit, and to the part of it that is for urgent deletions', async () => {
    for (const one of sparing) {
      for (let nth = 0; nth < SPARING.normal; nth++) await accept(one, nth);
    }
    const calls = () => Promise.resolve(sparing.map(({ merchant }) => callTimes(merchant).length));
    await eventually(calls, (counts) => counts.every((count) => count >= 8));
    expect(await calls()).toEqual(sparing.map(() => 8));
    for (const one of sparing) {
      for (let nth = 0; nth < SPARING.urgent; nth++) await accept(one, SPARING.normal + nth, 'urgent');
    }
    await eventually(calls, (counts) => counts.every((count) => count >= 10));
    // Whoever was to overstep has had as long as all of them took.
    for (const [rate, merchant] of steady) await allCalled(merchant, 1.2 * rate);
    expect(await calls()).toEqual(sparing.map(() => 10));
  });

  it.each(STEADY_RATES)('one with a rate of %i a minute has no more calls in any minute, and uses it', async (rate) => {
    const merchant = steady.get(rate) ?? '';
    await allCalled(merchant, 1.2 * rate);
    const times = callTimes(merchant);
    const mostWithin = (ms: number) =>
      Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + ms).length));
    expect(mostWithin(MINUTE_MS - standstill.max / 1e6)).toBeLessThanOrEqual(rate);
    expect(mostWithin(MINUTE_MS)).toBeGreaterThanOrEqual(USED * rate);
  });
});

const median = (numbers: number[]) =>
  numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? NaN;
