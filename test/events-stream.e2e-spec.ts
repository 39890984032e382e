import { request, type IncomingMessage } from 'node:http';
import { eventually } from './support/eventually.js';
import { System } from './support/system.js';

interface Told {
  id: string;
  event: string | undefined;
  data: any;
}

/** A reader of server-sent events. */
class Reader {
  text = '';
  isOver = false;

  constructor(readonly stream: IncomingMessage) {
    stream.setEncoding('utf8').on('data', (text: string) => (this.text += text));
    stream.on('error', () => undefined).on('close', () => (this.isOver = true));
  }

  get told(): Told[] {
    const pieces = this.text.split('\n\n').slice(0, -1);
    return pieces.flatMap((piece) => {
      const fields = Object.fromEntries(piece.split('\n').map((line) => line.split(/: (.*)/s) as [string, string]));
      return fields.data === undefined
        ? []
        : [{ id: fields.id ?? '', event: fields.event, data: JSON.parse(fields.data) }];
    });
  }

  get lastId(): string {
    return [...this.text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? '';
  }

  until(isEnough: (reader: Reader) => boolean, deadlineMs?: number): Promise<Reader> {
    return eventually(() => Promise.resolve(this), isEnough, deadlineMs);
  }
}

describe('the stream of events', () => {
  let system: System;
  let merchants: { merchant: string; msgId: string }[];
  const readers: Reader[] = [];

  beforeAll(async () => {
    system = await System.start({ withWorker: false, tolerance: { unreadMs: 1_000 } });
    await system.registerPlatform();
    await system.startWorker();
    merchants = await system.grantedMerchants(2);
    await system.stopWorker();
  });
  afterAll(async () => {
    for (const { stream } of readers) stream.destroy();
    await system.close();
  });

  function open(query: string, headers: Record<string, string> = {}): Promise<Reader> {
    return new Promise((resolve, reject) => {
      const sent = { authorization: `Bearer ${system.apiKey}`, ...headers };
      request(`${system.url}/v1/events/stream${query}`, { headers: sent, agent: false }, (stream) => {
        const reader = new Reader(stream);
        readers.push(reader);
        resolve(reader);
      })
        .once('error', reject)
        .end();
    });
  }

  /** Where so many at once find no connection to the database free, they try again, as the answer says. */
  function openAtOnce(count: number, authorization: string): Promise<Reader[]> {
    const opened = () =>
      eventually(
        () => open('', { authorization }),
        ({ stream }) => stream.statusCode !== 503,
      );
    return Promise.all(Array.from({ length: count }, opened));
  }

  async function aKey(limits: object = {}): Promise<{ id: string; key: string; authorization: string }> {
    const { body } = await system.call('POST', '/v1/api-keys', { name: 'reader', role: 'viewer', ...limits });
    return { ...body, authorization: `Bearer ${body.key}` };
  }

  /** Something that the feed tells of. @returns the deletion's id */
  async function happen(of = 0): Promise<string> {
    const { merchant = '' } = merchants[of] ?? {};
    const msg_id = String(Math.floor(1 + Math.random() * 2 ** 47));
    const { body } = await system.call('POST', '/v1/deletions', { merchant, msg_id, article_idx: 1 });
    expect((await system.call('POST', `/v1/deletions/${body.id}/cancel`)).status).toBe(200);
    return body.id;
  }

  const idsOf = ({ told }: Reader) => told.map(({ data }) => data.data.id);

  it('tells what the list tells, as it happens, in a form that no proxy keeps', async () => {
    const reader = await open('');
    expect(reader.stream.statusCode).toBe(200);
    expect(reader.stream.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    await reader.until(({ lastId }) => lastId !== '');
    const start = reader.lastId;
    const id = await happen();
    await reader.until((told) => idsOf(told).includes(id));
    const { body } = await system.call('GET', `/v1/events?cursor=${start}`);
    expect(reader.told.map(({ data }) => data)).toEqual(body.data);
    expect(reader.told.map(({ event }) => event)).toEqual(body.data.map(({ type }: { type: string }) => type));
  });

  it('goes on where it was cut off, and loses nothing', async () => {
    const first = await open('');
    await first.until(({ lastId }) => lastId !== '');
    const { lastId: beginning } = first;
    first.stream.destroy();
    const missed = [await happen(), await happen(), await happen()];
    const all = await open(`?after=${beginning}`);
    await all.until((reader) => missed.every((id) => idsOf(reader).includes(id)));
    const [one] = all.told;
    // The header counts, for a browser comes back to the same address.
    const rest = await open(`?after=${beginning}`, { 'last-event-id': one?.id ?? '' });
    await rest.until(({ told }) => told.length >= all.told.length - 1);
    expect(rest.told).toEqual(all.told.slice(1));
  });

  it('is filtered like the list', async () => {
    const reader = await open(`?type=deletion.*&merchant=${merchants[1]?.merchant}`);
    await reader.until(({ lastId }) => lastId !== '');
    await happen(0);
    const id = await happen(1);
    await reader.until((told) => idsOf(told).includes(id));
    expect(new Set(idsOf(reader))).toEqual(new Set([id]));
  });

  it('tells a key with limits what is within them', async () => {
    const { authorization } = await aKey({ merchants: [merchants[1]?.merchant] });
    const reader = await open('', { authorization });
    await reader.until(({ lastId }) => lastId !== '');
    const foreign = await happen(0);
    const own = await happen(1);
    await reader.until((told) => idsOf(told).includes(own));
    expect(reader.text).not.toContain(foreign);
    expect(reader.text).not.toContain(merchants[0]?.merchant);
  });

  it.each([
    ['a cursor that is none', '?after=yesterday'],
    ['an unknown filter', '?limit=5'],
  ])('refuses %s', async (_what, query) => {
    expect((await open(query)).stream.statusCode).toBe(400);
    expect((await open('', { 'last-event-id': 'nonsense' })).stream.statusCode).toBe(400);
  });

  it('is not to be had from before what is kept, nor are the list and the stream of a takedown', async () => {
    const reader = await open('');
    await reader.until(({ lastId }) => lastId !== '');
    const { lastId: cursor } = reader;
    await happen();
    const forget = (place: string) =>
      system.sql(`UPDATE forgotten_events SET (txid, seq) = (SELECT ${place} FROM events)`);
    await forget('max(txid), max(seq)');
    const refused = await eventually(
      () => system.call('GET', `/v1/events?cursor=${cursor}`),
      ({ status }) => status !== 200,
    );
    expect(refused).toMatchObject({ status: 410, body: { code: 'feed_cursor_expired' } });
    expect((await open(`?after=${cursor}`)).stream.statusCode).toBe(410);
    expect((await open('', { 'last-event-id': cursor })).stream.statusCode).toBe(410);
    const item = { merchant: merchants[0]?.merchant, msg_id: '4711', article_idx: 1 };
    const { body: takedown } = await system.call('POST', '/v1/takedowns', { items: [item], undo_seconds: 600 });
    const path = `/v1/takedowns/${takedown.id}/events`;
    expect((await system.call('GET', path, undefined, { 'last-event-id': cursor })).status).toBe(410);
    await system.call('POST', `/v1/takedowns/${takedown.id}/cancel`);

    const { status, body } = await system.call('GET', '/v1/events');
    expect([status, body.data.length > 0]).toEqual([200, true]);
    expect((await system.call('GET', '/v1/events?cursor=latest')).status).toBe(200);
    await forget('min(0), min(0)');
    expect((await system.call('GET', `/v1/events?cursor=${cursor}`)).status).toBe(200);
  });

  it('ends within seconds when the key is revoked', async () => {
    const { id, authorization } = await aKey();
    const reader = await open('', { authorization });
    await reader.until(({ lastId }) => lastId !== '');
    await system.call('DELETE', `/v1/api-keys/${id}`);
    await reader.until(({ isOver }) => isOver, 30_000);
    expect(reader.stream.complete).toBe(true);
  });

  it('ends within seconds when the session does', async () => {
    const { key } = await aKey();
    const signedIn = await system.call('POST', '/v1/session', { api_key: key }, { authorization: '' });
    const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
    const reader = await open('', { authorization: '', cookie });
    await reader.until(({ lastId }) => lastId !== '');
    await system.call('DELETE', `/v1/sessions/${signedIn.body.id}`);
    await reader.until(({ isOver }) => isOver, 30_000);
  });

  it('is open twenty times for a key, with those of takedowns, and again when one is closed', async () => {
    const { authorization } = await aKey();
    const opened = await openAtOnce(20, authorization);
    expect(new Set(opened.map(({ stream }) => stream.statusCode))).toEqual(new Set([200]));
    expect((await open('', { authorization })).stream.statusCode).toBe(429);
    opened[0]?.stream.destroy();
    await eventually(
      () => open('', { authorization }),
      ({ stream }) => stream.statusCode === 200,
    );
  });

  it('is closed for who does not read, and gathers nothing for it', async () => {
    const { authorization } = await aKey();
    await system.sql(
      `INSERT INTO events (type, data) SELECT 'platform.drift_found', jsonb_build_object('absent', repeat('x', 50000))
       FROM generate_series(1, 400)`,
    );
    const reader = await open('?after=0.0', { authorization });
    reader.stream.pause();
    // On a slow machine it may have been closed before anything came.
    await reader.until(({ stream, isOver }) => stream.readableLength > 0 || isOver);
    // Its place is free again although the client has not hung up.
    const more = await openAtOnce(19, authorization);
    expect(new Set(more.map(({ stream }) => stream.statusCode))).toEqual(new Set([200]));
    await eventually(
      () => open('', { authorization }),
      ({ stream }) => stream.statusCode === 200,
    );
    await system.sql(`DELETE FROM events WHERE type = 'platform.drift_found'`);
  });

  it('ends when the api stops', async () => {
    const reader = await open('');
    await reader.until(({ lastId }) => lastId !== '');
    const closed = system.api.close();
    await reader.until(({ isOver }) => isOver, 30_000);
    expect(reader.stream.complete).toBe(true);
    await closed;
  });
});
