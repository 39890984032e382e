import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Retract } from './retract.js';

type Answer = (asked: URL, lastEventId: string | null) => Response;

const piece = (id: string, data?: object) => `id: ${id}\n${data ? `data: ${JSON.stringify(data)}\n` : ''}\n`;
const SSE = { headers: { 'content-type': 'text/event-stream' } };

/** A stream of server-sent events that is cut off after its last part; `open` ones stay as they are. */
function stream(parts: string[], isOpen = false, onCancel = () => undefined): Response {
  const left = parts.map((part) => new TextEncoder().encode(part));
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      const next = left.shift();
      if (next) controller.enqueue(next);
      else if (!isOpen) controller.error(new TypeError('terminated'));
    },
    cancel: onCancel,
  });
  return new Response(body, SSE);
}

/** A client of an api that gives one answer after the other. */
function client(...answers: Answer[]) {
  const asked: string[] = [];
  const retract = new Retract({
    baseUrl: 'https://retract.example',
    apiKey: 'rk_secret',
    fetch: async (input) => {
      const { url, headers } = input as Request;
      const lastEventId = headers.get('last-event-id');
      const { pathname, search } = new URL(url);
      const answer = answers[asked.length];
      asked.push(`${pathname}${search}${lastEventId === null ? '' : ` after ${lastEventId}`}`);
      if (!answer) throw new Error('no answer');
      return answer(new URL(url), lastEventId);
    },
  });
  return { retract, asked };
}

/** What the events and cursors were, until the event `end`, which is not asked beyond. */
async function read(retract: Retract, feed: Parameters<Retract['events']['follow']>[0] = {}): Promise<string[]> {
  const told: string[] = [];
  const onCursor = (cursor: string) => void told.push(cursor);
  for await (const { id } of retract.events.follow({ onCursor, ...feed })) {
    told.push(id);
    if (id === 'end') break;
  }
  return told;
}

describe('the events', () => {
  it('come from the oldest on, and each cursor when what is before it was worked off', async () => {
    const { retract, asked } = client(
      () => Response.json({ data: [{ id: 'a' }], next_cursor: '1.1', has_more: true }),
      () =>
        stream([piece('1.1'), piece('1.2', { id: 'b' }), ': still here\n', piece('1.3'), piece('1.4', { id: 'end' })]),
    );
    expect(await read(retract, { type: 'deletion.*' })).toEqual(['a', '1.1', '1.1', 'b', '1.2', '1.3', 'end']);
    expect(asked).toEqual(['/v1/events?type=deletion.*&limit=1', '/v1/events/stream?type=deletion.*&after=1.1']);
  });

  it('go on behind what was read last, wherever the stream is cut, with none lost or twice', async () => {
    const all = [piece('1.1', { id: 'ä' }), piece('1.2', { id: 'b' }), piece('1.3'), piece('1.4', { id: 'end' })];
    const bytes = Buffer.from(all.join(''));
    for (const at of [5, 30, Buffer.byteLength(all[0] ?? '') + 9, bytes.length - 1]) {
      const { retract, asked } = client(
        () => {
          const answer = new ReadableStream<Uint8Array>({
            start: (controller) => {
              for (const byte of bytes.subarray(0, at)) controller.enqueue(Uint8Array.of(byte));
              controller.close();
            },
          });
          return new Response(answer, SSE);
        },
        (_asked, last) => {
          const after = all.findIndex((text) => text.startsWith(`id: ${last}\n`));
          return stream(all.slice(after + 1));
        },
      );
      expect((await read(retract, { cursor: '1.0' })).filter((text) => !text.includes('.'))).toEqual(['ä', 'b', 'end']);
      expect(asked).toHaveLength(2);
    }
  });

  it('go on where the place alone was told', async () => {
    const { retract, asked } = client(
      () => stream([piece('7.0')]),
      () => stream([piece('7.1', { id: 'end' })]),
    );
    await read(retract, { cursor: 'latest' });
    expect(asked).toEqual(['/v1/events/stream?after=latest', '/v1/events/stream?after=latest after 7.0']);
  });

  it('wait as long as Retry-After says', async () => {
    const problem = (status: number, code: string) =>
      Response.json({ code }, { status, headers: { 'content-type': 'application/problem+json', 'retry-after': '1' } });
    const { retract, asked } = client(
      () => problem(429, 'rate_limited'),
      () => problem(503, 'database_unavailable'),
      () => stream([piece('1.1', { id: 'end' })]),
    );
    const begun = performance.now();
    expect(await read(retract, { cursor: '1.0' })).toEqual(['end']);
    expect(asked).toHaveLength(3);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(1_990);
  });

  it('end with a refusal, and with what is no stream of the api', async () => {
    const revoked = client(
      () => stream([piece('1.1', { id: 'a' })]),
      () =>
        Response.json(
          { code: 'unauthenticated' },
          { status: 401, headers: { 'content-type': 'application/problem+json' } },
        ),
    );
    await expect(read(revoked.retract, { cursor: '1.0' })).rejects.toMatchObject({ code: 'unauthenticated' });
    const elsewhere = client(() => new Response('<html>', { headers: { 'content-type': 'text/html' } }));
    await expect(read(elsewhere.retract, { cursor: '1.0' })).rejects.toMatchObject({ code: 'no_problem', status: 200 });
  });

  it('end with the error of onCursor', async () => {
    const { retract } = client(() => stream([piece('1.1')], true));
    const onCursor = () => Promise.reject(new Error('disk full'));
    await expect(read(retract, { cursor: 'latest', onCursor })).rejects.toThrow('disk full');
  });

  it('close their connection when nobody reads on', async () => {
    let isCancelled = false;
    const { retract } = client(() => stream([piece('1.1', { id: 'end' })], true, () => void (isCancelled = true)));
    await read(retract, { cursor: '1.0' });
    expect(isCancelled).toBe(true);
  });

  it('are asked for anew when their connection is silent', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'Date', 'performance'] });
    try {
      const { retract, asked } = client(
        () => stream([piece('1.1', { id: 'a' })], true),
        () => stream([piece('1.2', { id: 'end' })]),
      );
      const told = read(retract, { cursor: '1.0' });
      while (asked.length < 2) await jest.advanceTimersByTimeAsync(10_000);
      expect(await told).toEqual(['a', '1.1', 'end']);
      expect(asked[1]).toContain('after 1.1');
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('a stream of a server', () => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(piece('1.1', { id: 'a' }));
  });
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('ends with its signal, also when nothing but the reader is left of the call', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const { port } = server.address() as AddressInfo;
    const retract = new Retract({ baseUrl: `http://127.0.0.1:${port}`, apiKey: 'rk_' });
    const ending = new AbortController();
    const events = retract.events.follow({ cursor: 'latest', signal: ending.signal });
    await events.next();
    const next = events.next();
    next.catch(() => undefined);
    for (let turn = 0; turn < 3; turn++) {
      collect();
      await new Promise((resolve) => setImmediate(resolve));
    }
    ending.abort(new Error('enough'));
    await expect(next).rejects.toThrow('enough');
  });
});
