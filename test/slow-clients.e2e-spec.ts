import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from './support/eventually.js';
import { head, RawClient } from './support/raw-client.js';
import { System } from './support/system.js';

const MAX_CONNECTIONS = 60;

describe('clients that are slow or silent', () => {
  let system: System;
  let merchant: string;
  const opened: RawClient[] = [];

  beforeAll(async () => {
    system = await System.start({
      withWorker: false,
      env: { API_MAX_CONNECTIONS: String(MAX_CONNECTIONS) },
      tolerance: { headMs: 1_000, bodyMs: 1_000, linesMs: 1_000 },
    });
    await system.registerPlatform();
    merchant = await system.onboardMerchant();
  });
  afterEach(() => {
    for (const client of opened.splice(0)) client.close();
  });
  afterAll(() => system.close());

  const open = async (text: string | Buffer = '') => {
    const client = await RawClient.open(system.url, text);
    opened.push(client);
    return client;
  };
  const key = () => ({ authorization: `Bearer ${system.apiKey}` });
  const json = { 'content-type': 'application/json' };
  const lines = { 'content-type': 'application/x-ndjson', 'transfer-encoding': 'chunked' };
  const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
  let msgId = 3_147_483_661;
  const item = () => JSON.stringify({ merchant, msg_id: String(msgId++), article_idx: 1 });

  describe('a body that never comes', () => {
    it.each([
      ['JSON', 'POST /v1/deletions', { ...json, 'content-length': 200 }, '{'],
      ['a list', 'POST /v1/takedowns', { ...json, 'transfer-encoding': 'chunked' }, ''],
      ['packed JSON', 'POST /v1/deletions', { ...json, 'content-encoding': 'gzip', 'content-length': 200 }, ''],
      ['of a type that is not taken', 'POST /v1/deletions', { 'content-type': 'text/csv', 'content-length': 9 }, ''],
      ['where none is needed', `POST /v1/merchants/wx0000000000000000/refresh`, { 'content-length': 9 }, ''],
      ['of a push', 'POST /wechat/wx0123456789abcdef/events', { 'content-length': 9 }, '<xml>'],
    ])('is waited for no longer than the patience lasts: %s', async (_what, line, headers, start) => {
      const client = await open(head(line, { ...key(), ...headers }) + start);
      const { status, headers: answered, body } = await client.untilClosed();
      expect({ status, code: body.code }).toEqual({ status: 408, code: 'request_timeout' });
      expect(answered).toContain('content-type: application/problem+json');
      expect(answered).toContain('connection: close');
    });

    it('is not had by dripping', async () => {
      const client = await open(head('POST /v1/deletions', { ...key(), ...json, 'content-length': 100_000 }));
      while (client.isOpen) {
        client.write(' ');
        await delay(50);
      }
      expect(client.answer()).toMatchObject({ status: 408, body: { code: 'request_timeout' } });
    });

    it('does not hold the connection when the request was answered without it', async () => {
      const length = { ...json, 'content-length': 200 };
      for (const [line, headers, status] of [
        ['POST /v1/deletions', length, 401],
        ['POST /v1/deletions', { ...key(), ...json, 'content-length': 100_000_000 }, 413],
        ['POST /v1/deletions', { ...key(), 'content-type': 'nothing', 'content-length': 200 }, 415],
        ['POST /v1/nothing', { 'content-type': 'text/csv', 'content-length': 200 }, 404],
        ['POST /%zz', length, 400],
        ['GET /health/live', length, 200],
      ] as const) {
        const client = await open(head(line, headers));
        const answer = await client.untilClosed();
        expect({ line, status: answer.status }).toEqual({ line, status });
        expect(answer.headers).toContain('connection: close');
      }
    });
  });

  it('a large body may take its time', async () => {
    const text = JSON.stringify({ merchant, msg_id: '1', note: 'x'.repeat(64 * 1024) });
    const client = await open(head('POST /v1/deletions', { ...key(), ...json, 'content-length': text.length }));
    for (let from = 0; from < text.length; from += 8 * 1024) {
      client.write(text.slice(from, from + 8 * 1024));
      await delay(250);
    }
    // What is wrong with it was found by reading all of it.
    const answered = await eventually(
      () => Promise.resolve(client.answer()),
      ({ status }) => status > 0,
    );
    expect(answered).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });

  it('an answer is read by who is still sending', async () => {
    const body = 'x'.repeat(8 * 1024 * 1024);
    const statuses = [];
    for (const headers of [{}, key()]) {
      const answer = await fetch(`${system.url}/v1/deletions`, {
        method: 'POST',
        headers: { ...json, ...headers },
        body,
      });
      statuses.push([answer.status, answer.headers.get('connection')]);
    }
    expect(statuses).toEqual([
      [401, 'close'],
      [413, 'close'],
    ]);
  });

  it('who has no key is not kept', async () => {
    const client = await open(head('GET /v1/merchants'));
    expect(await client.untilClosed()).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
  });

  describe('an upload of lines', () => {
    it('is broken off when it falls silent, and nothing of it is done', async () => {
      const client = await open(head('POST /v1/takedowns', { ...key(), ...lines }) + chunk(`${item()}\n`));
      expect(await client.untilClosed()).toMatchObject({ status: 408, body: { code: 'request_timeout' } });
      const { body } = await system.call('GET', '/v1/takedowns?limit=1');
      expect(body.data[0]).toMatchObject({ state: 'cancelled', cancel_code: 'upload_broken_off' });
      expect(await system.sql(`SELECT 1 FROM takedown_items UNION ALL SELECT 1 FROM deletions`)).toEqual([]);
    });

    it('is broken off as an import, too', async () => {
      const sent = JSON.stringify({ merchant, msg_id: '77' });
      const client = await open(head('POST /v1/mass-messages', { ...key(), ...lines }) + chunk(`${sent}\n`));
      expect(await client.untilClosed()).toMatchObject({ status: 408, body: { code: 'request_timeout' } });
    });

    it('may go on for as long as lines come', async () => {
      const client = await open(head('POST /v1/takedowns?undo_seconds=600', { ...key(), ...lines }));
      for (let i = 0; i < 15; i++) {
        client.write(chunk(`${item()}\n`));
        await delay(200);
      }
      client.write('0\r\n\r\n');
      const answered = await eventually(
        () => Promise.resolve(client.answer()),
        ({ status }) => status > 0,
      );
      expect(answered).toMatchObject({ status: 202, body: { accepted: 15 } });
    });
  });

  it('a head that never comes, or comes in part, is not waited for', async () => {
    for (const text of ['', 'GET /health/live HTTP/1.1\r\nhost: x\r\n']) {
      const client = await open(text);
      expect(await client.untilClosed()).toMatchObject({ status: 408, body: { code: 'request_timeout' } });
    }
  });

  it('a stream of events is not cut, however quiet', async () => {
    const takedown = { items: [{ merchant, msg_id: String(msgId++), article_idx: 1 }], undo_seconds: 600 };
    const { body } = await system.call('POST', '/v1/takedowns', takedown);
    const stream = await open(head(`GET /v1/takedowns/${body.id}/events`, key()));
    await eventually(
      () => Promise.resolve(stream.text),
      (text) => text.includes('event: progress'),
    );
    for (let i = 0; i < 3; i++) {
      const silent = await open(head('POST /v1/deletions', { ...key(), ...json, 'content-length': 9 }));
      expect((await silent.untilClosed()).status).toBe(408);
    }
    expect(stream.isOpen).toBe(true);
    await system.call('POST', `/v1/takedowns/${body.id}/cancel`);
    await eventually(
      () => Promise.resolve(stream.text),
      (text) => text.includes('deletion.cancelled'),
    );
  });

  it('there are never more connections than the settings allow', async () => {
    const clients = await Promise.all(
      Array.from({ length: 2 * MAX_CONNECTIONS }, () => open('GET /health/live HTTP/1.1\r\nhost: x\r\n')),
    );
    await eventually(
      () => Promise.resolve(clients.filter(({ isOpen }) => isOpen).length),
      (count) => count <= MAX_CONNECTIONS,
    );
    expect(clients.filter(({ text }) => text === '').length).toBeGreaterThanOrEqual(MAX_CONNECTIONS);
    for (const client of clients) client.close();
    await eventually(
      () => fetch(`${system.url}/health/live`).catch(() => ({ status: 0 })),
      ({ status }) => status === 200,
    );
  });
});
