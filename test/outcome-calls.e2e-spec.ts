import { errcodes, type OutcomeClass } from '@app/wechat';
import { eventually } from './support/eventually.js';
import { Fleet } from './support/fleet.js';
import { anyQueueBackend } from './support/queue-backends.js';
import { PLATFORM, System } from './support/system.js';

/** What WeChat does with the next calls, besides what they asked for. */
interface Fault {
  operation?: string;
  outcome: 'errcode' | 'http' | 'timeout' | 'reset' | 'garbage';
  errcode?: number;
  takes_effect?: boolean;
  times?: number;
}

interface Scenario {
  name: string;
  by: 'article' | 'whole message' | 'url';
  faults: Fault[];
  /** Calls of mass/delete, mass/get and api_authorizer_token. */
  calls: [deletes: number, gets: number, mints: number];
  ends: 'succeeded' | 'failed' | 'waiting';
}

type Expected = Pick<Scenario, 'calls' | 'ends'>;

/** What one answer of each class leads to when every other call goes well. */
const afterOne: Record<Exclude<OutcomeClass, 'done'>, Expected & { byUrl?: Expected }> = {
  credential_expired: { calls: [2, 0, 1], ends: 'succeeded' },
  unknown_outcome: {
    calls: [2, 1, 0],
    ends: 'succeeded',
    // mass/get knows no urls.
    byUrl: { calls: [2, 0, 0], ends: 'succeeded' },
  },
  already_gone: { calls: [1, 1, 0], ends: 'failed', byUrl: { calls: [1, 0, 0], ends: 'failed' } },
  too_fast: { calls: [1, 0, 0], ends: 'waiting' },
  quota_spent: { calls: [1, 0, 0], ends: 'waiting' },
  merchant_must_act: { calls: [1, 0, 0], ends: 'failed' },
  admin_must_confirm: { calls: [1, 0, 0], ends: 'waiting' },
  platform_broken: { calls: [1, 0, 0], ends: 'waiting' },
  refused: { calls: [1, 0, 0], ends: 'failed' },
};
/** The index is not better the second time, so WeChat is asked, but no further delete is spent. */
const exceptions: Record<number, Expected> = { 40060: { calls: [1, 1, 0], ends: 'failed' } };

const errcode = (code: number): Fault => ({ outcome: 'errcode', errcode: code });
const always = (fault: Fault): Fault => ({ ...fault, times: 1_000 });

function codesOf(outcome: keyof typeof afterOne): Scenario[] {
  const { byUrl, ...byId } = afterOne[outcome];
  return errcodes[outcome].flatMap((code) => {
    const faults = [errcode(code)];
    const named: Scenario[] = [{ name: `${outcome} ${code}`, by: 'article', faults, ...(exceptions[code] ?? byId) }];
    if (byUrl) named.push({ name: `${outcome} ${code}, by url`, by: 'url', faults, ...byUrl });
    return named;
  });
}

const noAnswer: Fault[] = [
  { outcome: 'timeout' },
  { outcome: 'reset' },
  { outcome: 'http' },
  { outcome: 'garbage' },
  errcode(-1),
];

const scenarios: Scenario[] = [
  { name: 'nothing', by: 'article', faults: [], calls: [1, 0, 0], ends: 'succeeded' },
  // Object.keys forgets that the keys are the classes.
  ...(Object.keys(afterOne) as (keyof typeof afterOne)[])
    .filter((outcome) => outcome !== 'platform_broken')
    .flatMap(codesOf),
  { name: 'an unknown code', by: 'article', faults: [errcode(1_234_567)], calls: [1, 0, 0], ends: 'failed' },
  ...noAnswer.flatMap((fault): Scenario[] => [
    { name: `${fault.outcome}`, by: 'article', faults: [fault], calls: [2, 1, 0], ends: 'succeeded' },
    {
      name: `${fault.outcome} after the effect`,
      // Of an article alone, mass/get does not tell that it is gone.
      by: 'whole message',
      faults: [{ ...fault, takes_effect: true }],
      calls: [1, 1, 0],
      ends: 'succeeded',
    },
    { name: `${fault.outcome}, by url`, by: 'url', faults: [fault], calls: [2, 0, 0], ends: 'succeeded' },
  ]),
  {
    name: '-1, and again to the question whether the message is gone',
    by: 'article',
    faults: [errcode(-1), { ...errcode(-1), operation: 'mass/get' }],
    calls: [2, 2, 0],
    ends: 'succeeded',
  },
  { name: '-1 for ever', by: 'article', faults: [always(errcode(-1))], calls: [6, 5, 0], ends: 'failed' },
  { name: '-1 for ever, by url', by: 'url', faults: [always(errcode(-1))], calls: [6, 0, 0], ends: 'failed' },
  {
    name: '42001, and the refresh token is refused though it is the one on the list',
    by: 'article',
    faults: [errcode(42001), { ...errcode(61023), operation: 'api_authorizer_token' }],
    calls: [1, 0, 1],
    ends: 'failed',
  },
  {
    name: '42001, and the grant is gone',
    by: 'article',
    faults: [errcode(42001), { ...errcode(61003), operation: 'api_authorizer_token' }],
    calls: [1, 0, 1],
    ends: 'failed',
  },
];

const brokenPlatforms = codesOf('platform_broken');

describe.each(anyQueueBackend)('the calls of two workers, with the queue on %s,', (_backend, queueUrlFor) => {
  let system: System;
  let fleet: Fleet;
  /** All run at once, each with a merchant of its own; the tests wait for theirs. */
  const started = new Map<string, { id: string; merchant: string }>();

  beforeAll(async () => {
    system = await System.start({ queueUrlFor, withWorker: false });
    fleet = await Fleet.start(2, system.environment);
    await system.registerPlatform();
    const merchants = await system.grantedMerchants(scenarios.length);
    await Promise.all(scenarios.map((scenario, i) => start(scenario, merchants[i] ?? { merchant: '', msgId: '' })));
    // What is wrong with a platform holds up all of its merchants, so each has a platform of its own.
    await Promise.all(
      brokenPlatforms.map(async (scenario, i) => {
        const platform = { ...PLATFORM, component_appid: `wx${String(i).padStart(16, 'a')}` };
        await system.registerPlatform(platform);
        const [one] = await system.grantedMerchants(1, 1, platform);
        await start(scenario, one ?? { merchant: '', msgId: '' });
      }),
    );
  });
  afterAll(async () => {
    await fleet.kill();
    await system.close();
  });

  async function start(
    { name, by, faults }: Scenario,
    { merchant, msgId }: { merchant: string; msgId: string },
  ): Promise<void> {
    for (const fault of faults) {
      await system.control('POST', 'faults', { operation: 'mass/delete', authorizer_appid: merchant, ...fault });
    }
    const message = await system.control('GET', `merchants/${merchant}/mass-messages/${msgId}`);
    const target = {
      article: { msg_id: msgId, article_idx: 1 },
      'whole message': { msg_id: msgId, whole_message: true },
      url: { url: message.articles[0].url },
    }[by];
    started.set(name, { id: await accept({ merchant, ...target }), merchant });
  }

  const accept = async (body: object): Promise<string> => (await system.call('POST', '/v1/deletions', body)).body.id;
  const view = async (id: string) => (await system.call('GET', `/v1/deletions/${id}`)).body;
  const callsTo = (merchant: string, operation = 'mass/delete') =>
    system.simulator.simulation.callLog.find({ authorizer_appid: merchant, operation }).length;

  it.each([...scenarios, ...brokenPlatforms])(
    'are those of the table after $name: $calls',
    async (scenario) => {
      const { id, merchant } = started.get(scenario.name) ?? { id: '', merchant: '' };
      // At an end, or waiting for what does not come soon.
      const { state } = await eventually(
        () => view(id),
        ({ finished_at, waiting_for }) => finished_at !== null || !['backoff', null].includes(waiting_for),
      );
      const calls = ['mass/delete', 'mass/get', 'api_authorizer_token'].map((operation) =>
        callsTo(merchant, operation),
      );
      expect({ state, calls }).toEqual({ state: scenario.ends, calls: scenario.calls });
    },
    150_000,
  );

  async function aMerchant(deletions: number, ratePerMinute: number) {
    const [granted] = await system.grantedMerchants(1, deletions);
    const { merchant, msgId } = granted ?? { merchant: '', msgId: '' };
    await system.control('PATCH', `merchants/${merchant}/quotas`, { 'mass/delete': { daily_limit: 1_000 } });
    await system.call('PATCH', `/v1/merchants/${merchant}`, { rate_per_minute: ratePerMinute, daily_limit: 1_000 });
    const wishes = Array.from({ length: deletions }, (_one, i) => ({
      merchant,
      msg_id: String(BigInt(msgId) + BigInt(i)),
      article_idx: 1,
    }));
    return { merchant, wishes };
  }

  it('of an accepted whole message are followed by one question, which proves it', async () => {
    const [granted] = await system.grantedMerchants(1);
    const { merchant, msgId } = granted ?? { merchant: '', msgId: '' };
    const id = await accept({ merchant, msg_id: msgId, whole_message: true });
    expect(await system.finished(id)).toMatchObject({ state: 'succeeded', proof: 'acknowledged' });
    await eventually(
      () => view(id),
      ({ proof }) => proof === 'verified',
    );
    expect([callsTo(merchant), callsTo(merchant, 'mass/get')]).toEqual([1, 1]);
  });

  it('end with `unauthorized`: what waits fails, and is carried out by a retry after a new authorization', async () => {
    const { merchant, wishes } = await aMerchant(100, 6);
    const [first = {}, ...others] = wishes;
    await system.finished(await accept(first));
    const waiting = await Promise.all(others.map(accept));
    expect(callsTo(merchant)).toBe(1);

    const grant = `platforms/${PLATFORM.component_appid}/authorizers/${merchant}`;
    await system.control('POST', `${grant}/deauthorize`);
    for (const id of waiting) {
      expect(await system.finished(id)).toMatchObject({
        state: 'failed',
        attempts: 0,
        outcome: { code: 'unauthorized' },
      });
    }
    expect(callsTo(merchant)).toBe(1);

    const [again = ''] = waiting;
    expect(await system.call('POST', `/v1/deletions/${again}/retry`)).toMatchObject({ status: 409 });
    await system.control('POST', 'consents', {
      component_appid: PLATFORM.component_appid,
      authorizer_appid: merchant,
    });
    await system.call('PATCH', `/v1/merchants/${merchant}`, { rate_per_minute: 6_000 });
    await eventually(
      () => system.call('POST', `/v1/deletions/${again}/retry`),
      ({ status }) => status === 202,
    );
    expect(await system.finished(again)).toMatchObject({ state: 'succeeded' });
    expect(callsTo(merchant)).toBe(2);
  });

  it('are made or not when 200 cancels race with the dispatcher, never both', async () => {
    const { merchant, wishes } = await aMerchant(200, 6_000);
    const raced = await Promise.all(
      wishes.map(async (wish) => {
        const id = await accept(wish);
        const { status } = await system.call('POST', `/v1/deletions/${id}/cancel`);
        return { id, isCancelled: status === 200 };
      }),
    );
    for (const { id, isCancelled } of raced) {
      expect(await system.finished(id)).toMatchObject(
        isCancelled ? { state: 'cancelled', attempts: 0 } : { state: 'succeeded', attempts: 1 },
      );
    }
    const called = system.simulator.simulation.callLog
      .find({ authorizer_appid: merchant, operation: 'mass/delete' })
      .map(({ requestBody }) => String((requestBody as { msg_id: unknown }).msg_id));
    const notCancelled = wishes.filter((_wish, i) => !raced[i]?.isCancelled).map(({ msg_id }) => msg_id);
    expect(called.toSorted()).toEqual(notCancelled.toSorted());
  });
});
