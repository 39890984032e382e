import { eventually } from './support/eventually.js';
import { anyQueueBackend } from './support/queue-backends.js';
import { System } from './support/system.js';

/** What WeChat does with the next delete call, besides what it was asked. */
interface Fault {
  outcome: 'errcode' | 'http' | 'timeout' | 'reset' | 'garbage';
  errcode?: number;
  takes_effect?: boolean;
}

interface Scenario {
  name: string;
  fault?: Fault;
  target?: 'article' | 'whole message' | 'url';
  /** Of the deletion when it has come to rest. */
  rest: Record<string, unknown>;
  /** Every upstream call: operation and class of the answer. */
  calls: [op: string, outcome: string][];
  /** How often the message changed at WeChat. */
  effects: number;
}

const lost = (fault: Fault) => ({ fault: { ...fault, takes_effect: true } });
const errcode = (code: number) => ({ outcome: 'errcode' as const, errcode: code });
const DELETED = { state: 'succeeded', proof: 'acknowledged', outcome: { code: 'deleted', errcode: 0 } };
const VERIFIED = { state: 'succeeded', proof: 'verified', outcome: { code: 'already_deleted' } };

const INFERRED = {
  state: 'succeeded',
  proof: 'inferred',
  proof_note: expect.stringMatching(/^Known: .* Inferred/),
  outcome: { code: 'inferred_deleted', errcode: 40065, rid: expect.any(String) },
};

/** Nobody saw the answer: WeChat is asked before another delete is spent. */
const unknown: [string, Fault][] = [
  ['no answer', { outcome: 'timeout' }],
  ['a reset connection', { outcome: 'reset' }],
  ['HTTP 502', { outcome: 'http' }],
  ['an answer that is no JSON', { outcome: 'garbage' }],
  ['-1', errcode(-1)],
  ['40060', errcode(40060)],
];

const scenarios: Scenario[] = [
  ...unknown.map(([what, fault]) => ({
    name: `proves a whole message deleted after ${what}, with one delete call`,
    ...lost(fault),
    target: 'whole message' as const,
    rest: { ...VERIFIED, attempts: 1 },
    calls: [
      ['mass/delete', 'unknown_outcome'],
      ['mass/get', 'accepted'],
    ] satisfies Scenario['calls'],
    effects: 1,
  })),
  ...unknown.slice(0, 5).map(([what, fault]) => ({
    name: `asks whether the message is there still after ${what} that changed nothing, then deletes again`,
    fault,
    target: 'whole message' as const,
    rest: { ...DELETED, attempts: 2 },
    calls: [
      ['mass/delete', 'unknown_outcome'],
      ['mass/get', 'accepted'],
      ['mass/delete', 'accepted'],
    ] satisfies Scenario['calls'],
    effects: 1,
  })),
  ...unknown.slice(0, 5).flatMap(([what, fault]): Scenario[] => [
    {
      name: `infers that an article was deleted after ${what}, for mass/get does not tell of it`,
      ...lost(fault),
      target: 'article',
      rest: { ...INFERRED, attempts: 2 },
      calls: [
        ['mass/delete', 'unknown_outcome'],
        ['mass/get', 'accepted'],
        ['mass/delete', 'already_gone'],
        ['mass/get', 'accepted'],
      ],
      effects: 1,
    },
    {
      name: `infers that an article was deleted after ${what} where only a url is known`,
      ...lost(fault),
      target: 'url',
      rest: { ...INFERRED, attempts: 2 },
      calls: [
        ['mass/delete', 'unknown_outcome'],
        ['mass/delete', 'already_gone'],
      ],
      effects: 1,
    },
  ]),
  {
    name: 'infers nothing when the first answer of all is that the article is gone',
    ...lost(errcode(40065)),
    target: 'article',
    rest: { state: 'failed', proof: 'none', proof_note: null, outcome: { code: 'already_gone' }, attempts: 1 },
    calls: [
      ['mass/delete', 'already_gone'],
      ['mass/get', 'accepted'],
    ],
    effects: 1,
  },
  {
    name: 'deletes again after a reset where only a url is known',
    fault: { outcome: 'reset' },
    target: 'url',
    rest: { ...DELETED, attempts: 2 },
    calls: [
      ['mass/delete', 'unknown_outcome'],
      ['mass/delete', 'accepted'],
    ],
    effects: 1,
  },
  ...[40001, 40014, 42001].map((code) => ({
    name: `takes a new token and calls again at once after ${code}`,
    fault: errcode(code),
    rest: { ...DELETED, attempts: 2 },
    calls: [
      ['mass/delete', 'credential_expired'],
      ['mass/delete', 'accepted'],
    ] satisfies Scenario['calls'],
    effects: 1,
  })),
  {
    name: 'asks WeChat after 40060, and fails when the message is there still',
    fault: errcode(40060),
    rest: { state: 'failed', proof: 'none', outcome: { code: 'refused', errcode: 40060 }, attempts: 1 },
    calls: [
      ['mass/delete', 'unknown_outcome'],
      ['mass/get', 'accepted'],
    ],
    effects: 0,
  },
  {
    name: 'takes 40065 for a success when the message is deleted',
    ...lost(errcode(40065)),
    target: 'whole message',
    rest: { ...VERIFIED, attempts: 1 },
    calls: [
      ['mass/delete', 'already_gone'],
      ['mass/get', 'accepted'],
    ],
    effects: 1,
  },
  {
    name: 'takes 40065 for a failure when the message is there still',
    fault: errcode(40065),
    target: 'whole message',
    rest: { state: 'failed', proof: 'none', outcome: { code: 'already_gone', errcode: 40065 }, attempts: 1 },
    calls: [
      ['mass/delete', 'already_gone'],
      ['mass/get', 'accepted'],
    ],
    effects: 0,
  },
  ...[40008, 40059, 40204, 44002, 47001, 47002, 9500001, 1234567].map((code) => ({
    name: `fails at once with ${code}`,
    fault: errcode(code),
    rest: {
      state: 'failed',
      proof: 'none',
      outcome: { code: 'refused', errcode: code, rid: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{8}){2}$/) },
      attempts: 1,
      finished_at: expect.any(String),
    },
    calls: [['mass/delete', 'refused']] satisfies Scenario['calls'],
    effects: 0,
  })),
  ...[48001, 48003, 48004, 50002].map((code) => ({
    name: `fails with ${code}, which only the merchant can mend`,
    fault: errcode(code),
    rest: { state: 'failed', proof: 'none', outcome: { code: 'merchant_must_act', errcode: code }, attempts: 1 },
    calls: [['mass/delete', 'merchant_must_act']] satisfies Scenario['calls'],
    effects: 0,
  })),
  ...[
    [89503, 'merchant_admin', 'admin_must_confirm'] as const,
    [45011, 'rate_limit', 'too_fast'] as const,
    [45009, 'daily_quota', 'quota_spent'] as const,
  ].map(([code, waiting_for, outcome]) => ({
    name: `waits for ${waiting_for} after ${code}`,
    fault: errcode(code),
    rest: {
      state: 'waiting',
      waiting_for,
      waiting_until: expect.any(String),
      outcome: null,
      finished_at: null,
      attempts: 1,
    },
    calls: [['mass/delete', outcome]] satisfies Scenario['calls'],
    effects: 0,
  })),
];

describe.each(anyQueueBackend)('a deletion, with the queue on %s,', (_backend, queueUrlFor) => {
  let system: System;
  /** All scenarios run at once, each with a merchant of its own; the tests wait for theirs. */
  const started = new Map<string, { id: string; merchant: string; msgId: string }>();

  beforeAll(async () => {
    system = await System.start({ queueUrlFor });
    await system.registerPlatform();
    const merchants = await system.grantedMerchants(scenarios.length);
    await Promise.all(
      scenarios.map(async ({ name, fault, target }, i) => {
        const { merchant, msgId } = merchants[i] ?? { merchant: '', msgId: '' };
        if (fault) await strike(merchant, fault);
        const body = await targetOf(merchant, msgId, target);
        const accepted = await system.call('POST', '/v1/deletions', { merchant, ...body });
        started.set(name, { id: accepted.body.id, merchant, msgId });
      }),
    );
  });
  afterAll(() => system.close());

  const strike = (merchant: string, fault: Fault) =>
    system.control('POST', 'faults', { operation: 'mass/delete', authorizer_appid: merchant, ...fault });
  const messageOf = (merchant: string, msgId: string) =>
    system.control('GET', `merchants/${merchant}/mass-messages/${msgId}`);
  const callsTo = (merchant: string, operation = 'mass/delete') =>
    system.simulator.simulation.callLog.find({ authorizer_appid: merchant, operation });
  const get = async (id: string) => (await system.call('GET', `/v1/deletions/${id}`)).body;
  const accept = async (body: object): Promise<string> => (await system.call('POST', '/v1/deletions', body)).body.id;
  /** Finished, or waiting for somebody outside. */
  const atRest = (id: string) =>
    eventually(
      () => get(id),
      ({ finished_at, waiting_for }) => finished_at !== null || !['backoff', null].includes(waiting_for),
    );
  async function oneMerchant(): Promise<{ merchant: string; msgId: string }> {
    const [one] = await system.grantedMerchants(1, 40);
    return one ?? { merchant: '', msgId: '' };
  }
  const articlesOf = (first: string, count: number) =>
    Array.from({ length: count }, (_one, i) => ({ msg_id: String(BigInt(first) + BigInt(i)), article_idx: 1 }));

  async function targetOf(merchant: string, msgId: string, target: Scenario['target'] = 'article'): Promise<object> {
    if (target === 'article') return { msg_id: msgId, article_idx: 2 };
    if (target === 'whole message') return { msg_id: msgId, whole_message: true };
    return { url: (await messageOf(merchant, msgId)).articles[0].url };
  }

  const isSlow = ({ fault }: Scenario) => fault?.outcome === 'timeout';
  // Those that take long are waited for last: ten seconds after its end, a whole message is looked for, and its proof gets better.
  const quickestFirst = scenarios.toSorted((one, other) => Number(isSlow(one)) - Number(isSlow(other)));
  it.each(quickestFirst)('$name', async ({ name, rest, calls, effects }) => {
    const { id, merchant, msgId } = started.get(name) ?? { id: '', merchant: '', msgId: '' };
    expect(await atRest(id)).toMatchObject(rest);
    const attempts = (await system.call('GET', `/v1/deletions/${id}/attempts`)).body.data;
    const made: string[][] = attempts.map(({ op, outcome }: { op: string; outcome: string }) => [op, outcome]);
    // On a slow machine a slot may be over before its delete call is made: with the next one, the message is asked about anew.
    expect(made.filter(([op], i) => op !== 'mass/get' || made[i + 1]?.[0] !== op)).toEqual(calls);
    for (const attempt of attempts) {
      expect(attempt).toMatchObject({ latency_ms: expect.any(Number), finished_at: expect.any(String) });
    }
    expect(callsTo(merchant)).toHaveLength(calls.filter(([op]) => op === 'mass/delete').length);
    expect(callsTo(merchant, 'mass/get')).toHaveLength(made.filter(([op]) => op === 'mass/get').length);
    expect(await messageOf(merchant, msgId)).toMatchObject({ delete_effects: effects });
  });

  it('mints one token for a whole crowd that meets 40001', async () => {
    const { merchant, msgId } = await oneMerchant();
    await system.call('PATCH', `/v1/merchants/${merchant}`, { rate_per_minute: 100_000 });
    const { grants } = await system.control('GET', `merchants/${merchant}`);
    expect(grants[0].access_tokens).toHaveLength(1);
    // All five are asked before one is answered; a newer token is good, however late it comes.
    const slow = (latency: object | null) => system.control('PUT', 'latencies', { operation: 'mass/delete', latency });
    await slow({ distribution: 'fixed', ms: 200 });
    const tokens = `platforms/${grants[0].component_appid}/authorizers/${merchant}/tokens`;
    await system.control('POST', tokens, { action: 'lose_tokens' });
    const ids = await Promise.all(articlesOf(msgId, 5).map((target) => accept({ merchant, ...target })));
    for (const id of ids) expect(await system.finished(id)).toMatchObject(DELETED);
    await slow(null);
    expect(callsTo(merchant, 'api_authorizer_token')).toHaveLength(1);
  });

  it.each([
    [61003, 'unauthorized'],
    [61007, 'permission_set_7_not_granted'],
    [61023, 'reauthorization_required'],
    [42007, 'reauthorization_required'],
  ])('fails with %i, after which the merchant is %s and no call is made for it', async (code, reason) => {
    const { merchant, msgId } = await oneMerchant();
    await system.call('PATCH', `/v1/merchants/${merchant}`, { rate_per_minute: 10 });
    await strike(merchant, errcode(code));
    const [first = '', ...rest] = await Promise.all(
      articlesOf(msgId, 4).map((target) => accept({ merchant, ...target, priority: 'urgent' })),
    );
    const all = await Promise.all([first, ...rest].map((id) => system.finished(id)));
    const [refused] = all.filter(({ attempts }) => attempts === 1);
    expect(refused).toMatchObject({ state: 'failed', outcome: { code: reason, errcode: code } });
    for (const one of all) expect(one).toMatchObject({ state: 'failed', outcome: { code: reason } });
    expect(callsTo(merchant)).toHaveLength(1);
    const [one] = articlesOf(msgId, 1);
    expect(await system.call('POST', '/v1/deletions', { merchant, ...one })).toMatchObject({
      status: 409,
      body: { code: 'merchant_not_eligible', reasons: [reason] },
    });
  });

  it('waits until midnight in Shanghai when WeChat says that the quota is spent, urgent or not', async () => {
    const { merchant, msgId } = await oneMerchant();
    // Else a slow machine asks for it before the first call, and then there is none.
    expect((await system.call('POST', `/v1/merchants/${merchant}/read-quota`)).status).toBe(200);
    await system.control('PATCH', `merchants/${merchant}/quotas`, { 'mass/delete': { used: 10 } });
    const first = await accept({ merchant, msg_id: msgId, article_idx: 1 });
    await atRest(first);
    const second = await accept({ merchant, msg_id: msgId, article_idx: 2, priority: 'urgent' });
    for (const id of [first, second]) {
      const { state, waiting_for, waiting_until } = await atRest(id);
      expect({ state, waiting_for }).toEqual({ state: 'waiting', waiting_for: 'daily_quota' });
      expect(waiting_until).toMatch(/T16:00:00.000Z$/);
      const waitMs = new Date(waiting_until).getTime() - Date.now();
      expect(waitMs).toBeGreaterThan(0);
      expect(waitMs).toBeLessThanOrEqual(24 * 3_600_000);
    }
    expect(callsTo(merchant)).toHaveLength(1);
    expect((await system.call('GET', `/v1/merchants/${merchant}`)).body.quota.used_today).toBe(10);
  });

  it('waits a minute at least when WeChat says that calls come too fast, urgent or not', async () => {
    const { merchant, msgId } = await oneMerchant();
    await strike(merchant, errcode(45011));
    const before = Date.now();
    const first = await accept({ merchant, msg_id: msgId, article_idx: 1 });
    await atRest(first);
    const second = await accept({ merchant, msg_id: msgId, article_idx: 2, priority: 'urgent' });
    for (const id of [first, second]) {
      const { waiting_for, waiting_until } = await atRest(id);
      expect(waiting_for).toBe('rate_limit');
      expect(new Date(waiting_until).getTime()).toBeGreaterThanOrEqual(before + 60_000);
    }
    expect(callsTo(merchant)).toHaveLength(1);
  });

  it('spends the daily limit and not one call more: eight normal, two urgent, others once it is raised', async () => {
    const { merchant, msgId } = await oneMerchant();
    const targets = articlesOf(msgId, 34);
    const isSettled = (deletions: { state: string }[]) =>
      deletions.every(({ state }) => ['succeeded', 'waiting'].includes(state));
    const settled = async (ids: string[]) => {
      const all = await eventually(() => Promise.all(ids.map(get)), isSettled);
      return all.filter(({ state }) => state === 'succeeded').length;
    };
    const normal: string[] = [];
    for (const target of targets.slice(0, 30)) normal.push(await accept({ merchant, ...target }));
    expect(await settled(normal)).toBe(8);
    const urgent: string[] = [];
    for (const target of targets.slice(30)) urgent.push(await accept({ merchant, ...target, priority: 'urgent' }));
    expect(await settled(urgent)).toBe(2);
    expect(callsTo(merchant).map((call) => call.errcode)).toEqual(Array<number>(10).fill(0));

    await system.control('PATCH', `merchants/${merchant}/quotas`, { 'mass/delete': { daily_limit: 100 } });
    await system.call('PATCH', `/v1/merchants/${merchant}`, { daily_limit: 100 });
    for (const id of [...normal, ...urgent]) expect(await system.finished(id)).toMatchObject(DELETED);
    expect(callsTo(merchant)).toHaveLength(34);
  });

  it('makes no call that was cancelled in time, when 50 cancels race with the dispatcher', async () => {
    const { merchant, msgId } = await oneMerchant();
    await system.control('PATCH', `merchants/${merchant}/quotas`, { 'mass/delete': { daily_limit: 1_000 } });
    await system.call('PATCH', `/v1/merchants/${merchant}`, { rate_per_minute: 3_000, daily_limit: 1_000 });
    const targets = [...articlesOf(msgId, 40), ...articlesOf(msgId, 10).map((one) => ({ ...one, article_idx: 2 }))];
    const ids = await Promise.all(targets.map((target) => accept({ merchant, ...target })));
    const cancels = await Promise.all(ids.map((id) => system.call('POST', `/v1/deletions/${id}/cancel`)));
    // One after the other: fifty that ask at once keep the worker, which is in this process too, from its work.
    const all = [];
    for (const id of ids) all.push(await system.finished(id));
    all.forEach(({ state, attempts }, i) => {
      const wasInTime = cancels[i]?.status === 200;
      expect({ state, attempts }).toEqual(
        wasInTime ? { state: 'cancelled', attempts: 0 } : { state: 'succeeded', attempts: 1 },
      );
    });
    expect(callsTo(merchant)).toHaveLength(all.filter(({ state }) => state === 'succeeded').length);
  });

  it('is carried out once when asked for 50 times at once', async () => {
    const { merchant, msgId } = await oneMerchant();
    const body = {
      merchant,
      msg_id: msgId,
      whole_message: true,
      not_before: new Date(Date.now() + 1_000).toISOString(),
    };
    const answers = await Promise.all(Array.from({ length: 50 }, () => system.call('POST', '/v1/deletions', body)));
    const ids = new Set(answers.map((answer) => answer.body.id));
    expect(ids.size).toBe(1);
    for (const id of ids) expect(await system.finished(id)).toMatchObject({ state: 'succeeded' });
    expect(callsTo(merchant)).toHaveLength(1);
  });

  it('is carried out by a retry once the reason of its failure is gone', async () => {
    const { merchant, msgId } = await oneMerchant();
    await strike(merchant, errcode(40059));
    const id = await accept({ merchant, msg_id: msgId, article_idx: 1 });
    expect(await system.finished(id)).toMatchObject({ state: 'failed' });
    expect(await system.call('POST', `/v1/deletions/${id}/retry`)).toMatchObject({ status: 202 });
    expect(await system.finished(id)).toMatchObject({ ...DELETED, attempts: 2 });
  });

  it.each([2n ** 53n - 1n, 2n ** 53n + 1n, 2n ** 63n - 1n])(
    'sends msg_id %i as a number with all its digits',
    async (msgId) => {
      const { merchant } = await oneMerchant();
      const account = system.simulator.simulation.world.merchants.get(merchant);
      if (account) account.nextToTagId = msgId;
      await system.sendMassMessage(merchant);
      const body = { msg_id: String(msgId), whole_message: true };
      expect(await system.finished(await accept({ merchant, ...body }))).toMatchObject({
        ...DELETED,
        msg_id: String(msgId),
      });
      const [call] = callsTo(merchant);
      // The simulator reads what JavaScript's numbers cannot hold as a bigint, and text as text.
      const asNumber = msgId > Number.MAX_SAFE_INTEGER ? msgId : Number(msgId);
      expect(call?.requestBody).toEqual({ msg_id: asNumber, article_idx: 0 });
    },
  );

  it('sends the article that is meant, and a url alone', async () => {
    const { merchant, msgId } = await oneMerchant();
    const { url } = (await messageOf(merchant, msgId)).articles[0];
    for (const target of [{ msg_id: msgId, article_idx: 2 }, { url }]) {
      expect(await system.finished(await accept({ merchant, ...target }))).toMatchObject(DELETED);
    }
    expect(callsTo(merchant).map(({ requestBody }) => requestBody)).toEqual([
      { msg_id: Number(msgId), article_idx: 2 },
      { url },
    ]);
  });

  // The last, for now the platform is held for everybody.
  it('waits for the platform after 61004, and so does the probe after 40164', async () => {
    const [beginner, probe] = [await oneMerchant(), await oneMerchant()];
    await strike(beginner.merchant, errcode(61004));
    await strike(probe.merchant, errcode(40164));
    const waits = { state: 'waiting', waiting_for: 'platform', waiting_until: expect.any(String), outcome: null };
    for (const { merchant, msgId } of [beginner, probe]) {
      const id = await accept({ merchant, msg_id: msgId, article_idx: 2 });
      const called = await eventually(
        () => get(id),
        ({ attempts, waiting_for }) => attempts > 0 && waiting_for !== null,
      );
      expect(called).toMatchObject({ ...waits, finished_at: null, attempts: 1 });
      const attempts = (await system.call('GET', `/v1/deletions/${id}/attempts`)).body.data;
      expect(attempts).toMatchObject([{ op: 'mass/delete', outcome: 'platform_broken' }]);
      expect(await messageOf(merchant, msgId)).toMatchObject({ delete_effects: 0 });
    }
  });
});
