import { RetractConnectionError, RetractError } from './errors.js';
import { Retract } from './retract.js';

interface Sent {
  method: string;
  path: string;
  headers: Headers;
  redirect: string;
  body: string;
}
type Answer = Response | Error;

const problem = (status: number, code: string, headers: Record<string, string> = {}) =>
  Response.json(
    { type: `/docs/problems/${code}`, title: 'T', status, code, detail: 'D', request_id: 'r1' },
    { status, headers: { 'content-type': 'application/problem+json', ...headers } },
  );
const lost = () => new TypeError('fetch failed');
const torn = () =>
  new Response(
    new ReadableStream({
      pull: (controller) => controller.error(new TypeError('terminated')),
    }),
    { headers: { 'content-type': 'application/json' } },
  );
const deletion = () => Response.json({ id: 'd1', finished_at: null });

/** A client of an api that gives one answer after the other, the last one for ever. */
function client(answers: (() => Answer)[], options: { retryForMs?: number; timeoutMs?: number } = {}) {
  const sent: Sent[] = [];
  const retract = new Retract({
    baseUrl: 'https://retract.example/sub/',
    apiKey: 'rk_secret',
    ...options,
    fetch: async (input) => {
      const request = input as Request;
      const answer = (answers[sent.length] ?? answers.at(-1))?.();
      const { pathname, search } = new URL(request.url);
      const body = await request.text();
      const { method, headers, redirect } = request;
      sent.push({ method, path: pathname + search, headers, redirect, body });
      if (answer === undefined) throw new Error('no answer');
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  return { retract, sent };
}

const article = { merchant: 'wx1', msg_id: '9007199254740993', article_idx: 1 };

describe('a call', () => {
  it('goes to the address of the api, with the key, and sends a msg_id digit by digit', async () => {
    const { retract, sent } = client([deletion]);
    await retract.deletions.create(article);
    expect(sent).toMatchObject([{ method: 'POST', path: '/sub/v1/deletions', body: JSON.stringify(article) }]);
    expect(sent[0]?.headers.get('authorization')).toBe('Bearer rk_secret');
  });

  it('that counts once has a key of its own, which stays while it is tried again', async () => {
    const { retract, sent } = client([lost, torn, deletion]);
    await retract.deletions.create(article);
    await retract.deletions.create(article);
    const keys = sent.map(({ headers }) => headers.get('idempotency-key'));
    expect(keys).toEqual([keys[0], keys[0], keys[0], expect.stringMatching(/^[0-9a-f]{32}$/)]);
    expect(keys[3]).not.toBe(keys[0]);
    expect(new Set(sent.map(({ body }) => body)).size).toBe(1);
  });

  it('is not sent on to another address', async () => {
    const moved = () => new Response(null, { status: 301, headers: { location: 'https://elsewhere.example/' } });
    const { retract, sent } = client([moved]);
    await expect(retract.deletions.create(article)).rejects.toMatchObject({
      code: 'no_problem',
      status: 301,
      detail: 'The answer has the status 301 and sends to https://elsewhere.example/.',
    });
    expect(sent.map(({ redirect }) => redirect)).toEqual(['manual']);
  });

  it('takes the key that is given', async () => {
    const { retract, sent } = client([deletion]);
    await retract.deletions.create(article, { idempotencyKey: 'mine' });
    expect(sent[0]?.headers.get('idempotency-key')).toBe('mine');
  });
});

const get = (retract: Retract) => retract.deletions.get('d1');
const keyed = (retract: Retract) => retract.deletions.create(article);
const plain = (retract: Retract) => retract.deletions.cancel('d1');
const lines = (retract: Retract) => retract.takedowns.createFrom([{ merchant: 'wx1', msg_id: '1', article_idx: 1 }]);

describe('what fails', () => {
  it.each<[string, (retract: Retract) => Promise<unknown>, string, () => Answer, boolean]>([
    ['GET', get, '429', () => problem(429, 'rate_limited'), true],
    ['GET', get, '503', () => problem(503, 'overloaded'), true],
    ['GET', get, 'a lost connection', lost, true],
    ['GET', get, 'half an answer', torn, true],
    ['GET', get, '502 of a proxy', () => new Response('<html>', { status: 502 }), true],
    ['GET', get, '504 of a proxy', () => new Response('<html>', { status: 504 }), true],
    ['GET', get, '500', () => problem(500, 'internal_error'), false],
    ['GET', get, '404', () => problem(404, 'deletion_not_found'), false],
    ['a POST with a key', keyed, '409, as it is at work', () => problem(409, 'idempotency_key_in_use'), true],
    ['a POST with a key', keyed, '409', () => problem(409, 'idempotency_key_reused'), false],
    ['a POST with a key', keyed, '429', () => problem(429, 'rate_limited'), true],
    ['a POST with a key', keyed, '503', () => problem(503, 'overloaded'), true],
    ['a POST with a key', keyed, 'a lost connection', lost, true],
    ['a POST with a key', keyed, '422', () => problem(422, 'target_missing'), false],
    ['a POST without a key', plain, '429', () => problem(429, 'rate_limited'), true],
    ['a POST without a key', plain, '503', () => problem(503, 'overloaded'), false],
    ['a POST without a key', plain, 'a lost connection', lost, false],
    ['a POST without a key', plain, '502 of a proxy', () => new Response('<html>', { status: 502 }), false],
    ['lines', lines, '429', () => problem(429, 'rate_limited'), false],
    ['lines', lines, 'a lost connection', lost, false],
  ])('%#: %s, after %s', async (_what, call, _how, failure, isTriedAgain) => {
    const { retract, sent } = client([failure, deletion]);
    const outcome = await call(retract).then(
      () => 'answered',
      () => 'failed',
    );
    expect({ outcome, times: sent.length }).toEqual(
      isTriedAgain ? { outcome: 'answered', times: 2 } : { outcome: 'failed', times: 1 },
    );
  });

  it('is not tried again after its time, nor when Retry-After is beyond it', async () => {
    const soon = client([() => problem(503, 'overloaded')], { retryForMs: 0 });
    await expect(get(soon.retract)).rejects.toMatchObject({ code: 'overloaded' });
    expect(soon.sent).toHaveLength(1);
    const late = client([() => problem(429, 'rate_limited', { 'retry-after': '61' })]);
    await expect(get(late.retract)).rejects.toMatchObject({ code: 'rate_limited', retryAfter: 61 });
    expect(late.sent).toHaveLength(1);
  });

  it('is tried again no sooner than Retry-After says', async () => {
    const { retract, sent } = client([() => problem(429, 'rate_limited', { 'retry-after': '1' }), deletion]);
    const begun = performance.now();
    await get(retract);
    expect(sent).toHaveLength(2);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(999);
  });

  it('is given up when the caller does, with the reason of the caller', async () => {
    const { retract, sent } = client([() => problem(503, 'overloaded', { 'retry-after': '30' })]);
    const giveUp = new AbortController();
    const call = retract.deletions.get('d1', { signal: giveUp.signal });
    setTimeout(() => giveUp.abort(new Error('enough')), 50);
    await expect(call).rejects.toThrow('enough');
    expect(sent).toHaveLength(1);
  });

  it('is told by whatever the items are read from, where that fails', async () => {
    const { retract } = client([deletion]);
    async function* items() {
      yield article;
      await Promise.reject(new RangeError('the list is broken'));
    }
    for (const call of [undefined, { signal: new AbortController().signal }]) {
      await expect(retract.takedowns.createFrom(items(), {}, call)).rejects.toThrow(RangeError);
      await expect(retract.takedowns.dryRunFrom(items(), {}, call)).rejects.toThrow('the list is broken');
    }
  });

  it('counts as lost when it takes too long', async () => {
    const silent: typeof fetch = (input) =>
      new Promise((_resolve, reject) => {
        const { signal } = input as Request;
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    const options = { baseUrl: 'https://retract.example', apiKey: 'rk_', fetch: silent, timeoutMs: 20, retryForMs: 0 };
    const retract = new Retract(options);
    await expect(retract.deletions.create(article)).rejects.toMatchObject({
      name: 'RetractConnectionError',
      message: 'POST /v1/deletions: no answer',
      mayHaveWorked: true,
    });
    await expect(get(retract)).rejects.toMatchObject({ mayHaveWorked: false });
  });
});

const PROBLEM = { 'content-type': 'application/problem+json' };

describe('an error', () => {
  it('tells the problem, and not the key', async () => {
    const body = { type: '/x', title: 'T', status: 409, code: 'merchant_not_eligible', detail: 'No.', reasons: ['a'] };
    const init = { status: 409, headers: { 'content-type': 'application/problem+json; charset=utf-8' } };
    const { retract } = client([() => Response.json(body, init)]);
    const error: unknown = await keyed(retract).catch((thrown: unknown) => thrown);
    if (!(error instanceof RetractError)) throw error;
    expect(error.is('merchant_not_eligible')).toBe(true);
    expect(error.is('not_found')).toBe(false);
    expect(error).toMatchObject({ status: 409, detail: 'No.', errors: [], problem: { reasons: ['a'] } });
    expect(error.message).toBe('merchant_not_eligible: No.');
    expect(JSON.stringify(error)).not.toContain('rk_secret');
  });

  it.each([
    ['HTML', () => new Response('<html>', { status: 413, headers: { 'content-type': 'text/html' } })],
    ['half a problem', () => new Response('{"code', { status: 413, headers: PROBLEM })],
    ['a problem of its own', () => Response.json({ title: 'Too large' }, { status: 413, headers: PROBLEM })],
    ['null', () => Response.json(null, { status: 413, headers: PROBLEM })],
    ['nothing', () => new Response(null, { status: 413 })],
  ])('is told where something else answered %s', async (_what, answer) => {
    const { retract } = client([answer]);
    await expect(get(retract)).rejects.toMatchObject({ code: 'no_problem', status: 413 });
  });

  it('is told where a page came instead of the answer', async () => {
    const { retract, sent } = client([() => new Response('<html>', { headers: { 'content-type': 'text/html' } })]);
    await expect(get(retract)).rejects.toMatchObject({ code: 'no_problem', status: 200 });
    expect(sent).toHaveLength(1);
  });

  it('reads a date in Retry-After', async () => {
    const at = new Date(Date.now() + 90_000).toUTCString();
    const { retract } = client([() => problem(429, 'rate_limited', { 'retry-after': at })]);
    const error: unknown = await get(retract).catch((thrown: unknown) => thrown);
    if (!(error instanceof RetractError)) throw error;
    expect(error.retryAfter).toBeGreaterThan(85);
    expect(error.retryAfter).toBeLessThanOrEqual(91);
  });

  it('of a connection keeps its cause', async () => {
    const { retract } = client([lost], { retryForMs: 0 });
    const error: unknown = await get(retract).catch((thrown: unknown) => thrown);
    if (!(error instanceof RetractConnectionError)) throw error;
    expect(error.cause).toEqual(lost());
  });
});

describe('a list', () => {
  const pages = [
    () => Response.json({ data: [{ id: '1' }, { id: '2' }], next_cursor: 'c1' }),
    () => Response.json({ data: [], next_cursor: 'c2' }),
    () => Response.json({ data: [{ id: '3' }], next_cursor: null }),
  ];

  it('is read on to its end, with what was asked for', async () => {
    const { retract, sent } = client(pages);
    const ids: string[] = [];
    for await (const { id } of retract.deletions.list({ state: 'failed', limit: 2 })) ids.push(id);
    expect(ids).toEqual(['1', '2', '3']);
    expect(sent.map(({ path }) => path.split('?')[1])).toEqual([
      'state=failed&limit=2',
      'state=failed&limit=2&cursor=c1',
      'state=failed&limit=2&cursor=c2',
    ]);
  });

  it('is read no further than anybody looks', async () => {
    const { retract, sent } = client(pages);
    for await (const { id } of retract.deletions.list()) if (id === '2') break;
    expect(sent).toHaveLength(1);
    expect(await retract.deletions.list()).toMatchObject({ data: [] });
  });
});
