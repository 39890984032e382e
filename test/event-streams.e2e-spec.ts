import { request, type IncomingMessage } from 'node:http';
import { startBuiltApp, type BuiltApp } from './support/built-app.js';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';
import { System } from './support/system.js';

/** As many as a key may have open at a time. */
const OF_EACH_KEY = 20;
const KEYS = 10;

describe('many streams of events', () => {
  let system: System;
  let api: BuiltApp;
  let url: string;
  const opened: { stream: IncomingMessage; text: string }[] = [];

  beforeAll(async () => {
    system = await System.start();
    await system.registerPlatform();
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    api = await startBuiltApp('api', { ...system.environment, PORT: String(port), LOG_LEVEL: 'info' });
  });
  afterAll(async () => {
    for (const { stream } of opened) stream.destroy();
    await api.end('SIGTERM');
    await system.close();
  });

  const open = (id: string, key: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const headers = { authorization: `Bearer ${key}` };
      request(`${url}/v1/takedowns/${id}/events`, { headers, agent: false }, (stream) => {
        const one = { stream, text: '' };
        opened.push(one);
        stream.setEncoding('utf8').on('data', (text: string) => (one.text += text));
        stream.on('error', () => undefined);
        resolve(stream.statusCode);
      })
        .once('error', reject)
        .end();
    });

  it('open at once, and leave the connections to the database to others', async () => {
    const merchant = await system.onboardMerchant();
    const items = [{ merchant, msg_id: await system.sendMassMessage(merchant), article_idx: 1 }];
    const takedown = await system.call('POST', '/v1/takedowns', { reason: 'x', items, undo_seconds: 3_600 });
    const keys = await Promise.all(
      Array.from({ length: KEYS }, async (_, index) => {
        const { body } = await system.call('POST', '/v1/api-keys', { name: `reader ${index}`, role: 'viewer' });
        return body.key as string;
      }),
    );
    const { id } = takedown.body;
    const asked = keys.flatMap((key) => Array.from({ length: OF_EACH_KEY }, () => open(id, key)));
    expect(new Set(await Promise.all(asked))).toEqual(new Set([200]));
    await eventually(
      () => Promise.resolve(opened.filter(({ text }) => text.includes('event: progress'))),
      ({ length }) => length === asked.length,
    );

    const headers = { authorization: `Bearer ${system.apiKey}` };
    const others = await Promise.all(Array.from({ length: 20 }, () => fetch(`${url}/v1/takedowns`, { headers })));
    expect(others.map(({ status }) => status)).toEqual(Array(20).fill(200));
    const held = await system.sql(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'
         AND now() - state_change > interval '1 s'`,
    );
    expect(held).toEqual([]);
  });
});
