import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Retract } from '@app/client';
import { eventually } from './support/eventually.js';
import { PLATFORM, System } from './support/system.js';
import { openWay } from './support/way.js';

let system: System;
let retract: Retract;

beforeAll(async () => {
  system = await System.start();
  retract = new Retract({ baseUrl: system.url, apiKey: system.apiKey });
  await system.registerPlatform();
});
afterAll(() => system.close());

describe('the client', () => {
  it('deletes an article and waits for the end', async () => {
    const merchant = await system.onboardMerchant();
    const msgId = await system.sendMassMessage(merchant);
    const { id } = await retract.deletions.create({ merchant, msg_id: msgId, article_idx: 1 });
    expect(await retract.deletions.wait(id)).toMatchObject({ state: 'succeeded', msg_id: msgId });
  });

  it('counts a request once, under its key', async () => {
    const [{ merchant, msgId } = { merchant: '', msgId: '' }] = await system.grantedMerchants(1);
    const body = { merchant, msg_id: msgId, article_idx: 1 };
    const first = await retract.deletions.create(body, { idempotencyKey: 'once' });
    await retract.deletions.wait(first.id);
    expect((await retract.deletions.create(body, { idempotencyKey: 'once' })).id).toBe(first.id);
  });

  it('tells refusals by code', async () => {
    const refused = retract.deletions.create({ merchant: 'wx0000000000000000', msg_id: '1', article_idx: 1 });
    await expect(refused).rejects.toMatchObject({
      name: 'RetractError',
      code: 'merchant_not_found',
      status: 404,
      requestId: expect.any(String),
    });
    await expect(retract.deletions.create({ merchant: 'x', msg_id: '1' })).rejects.toMatchObject({
      code: 'invalid_request',
      errors: [{ field: 'merchant', message: expect.any(String) }],
    });
  });

  it('reads lists on over all pages', async () => {
    const granted = await system.grantedMerchants(5);
    const found: string[] = [];
    for await (const { appid } of retract.merchants.list({ limit: 2 })) found.push(appid);
    expect(found).toEqual(expect.arrayContaining(granted.map(({ merchant }) => merchant)));
    expect(new Set(found).size).toBe(found.length);
    expect((await retract.merchants.list({ limit: 2 })).data).toHaveLength(2);
  });

  it('sends any number of items as lines, and follows what becomes of them', async () => {
    const granted = await system.grantedMerchants(3);
    const items = granted.map(({ merchant, msgId }) => ({ merchant, msg_id: msgId, article_idx: 1 }));
    const dryRun = await retract.takedowns.dryRun({ items });
    expect(dryRun).toMatchObject({ dry_run: true, deletions: 3 });
    const { id } = await retract.takedowns.createFrom(items, { undo_seconds: 1 });
    const seen: string[] = [];
    for await (const { event } of retract.takedowns.follow(id)) seen.push(event);
    expect(seen.filter((event) => event === 'deletion')).toHaveLength(3);
    expect(seen.at(-1)).toBe('finished');
    expect(await retract.takedowns.wait(id)).toMatchObject({ state: 'finished', accepted: 3 });
    const proof = await new Response(await retract.takedowns.proof(id)).text();
    expect(proof).toContain(items[0]?.msg_id);
  });

  it('follows events, and goes on at a cursor', async () => {
    const cursors: string[] = [];
    const signal = AbortSignal.timeout(30_000);
    for await (const { type } of retract.events.follow({ signal, onCursor: (at) => void cursors.push(at) })) {
      if (type === 'takedown.created') break;
    }
    for await (const { type } of retract.events.follow({ cursor: cursors.at(-1) ?? '', signal })) {
      expect(type).toBe('takedown.created');
      break;
    }
  });

  it('follows events over connections that are cut in the middle, and reads each once', async () => {
    const way = await openWay(system.url);
    way.cutAfter(2_500);
    const ending = new AbortController();
    try {
      const { next_cursor: cursor } = await retract.events.list({ cursor: 'latest' });
      let requests = 0;
      const cutOff = new Retract({
        baseUrl: way.url,
        apiKey: system.apiKey,
        fetch: (input) => {
          requests++;
          return fetch(input);
        },
      });
      const seen: string[] = [];
      const end = (async () => {
        for await (const { id } of cutOff.events.follow({ cursor, signal: ending.signal })) seen.push(id);
      })().catch((error: unknown) => error);
      const granted = await system.grantedMerchants(4);
      const items = granted.map(({ merchant, msgId }) => ({ merchant, msg_id: msgId, article_idx: 1 }));
      for (const half of [items.slice(2), items.slice(0, 2)]) {
        await retract.takedowns.wait((await retract.takedowns.create({ items: half, undo_seconds: 0 })).id);
      }
      const told = (await retract.events.list({ cursor, limit: 1_000 })).data.map(({ id }) => id);
      expect(told.length).toBeGreaterThan(10);
      await eventually(
        () => Promise.resolve(seen),
        ({ length }) => length >= told.length,
      );
      expect(seen).toEqual(told);
      expect(requests).toBeGreaterThan(2);
      ending.abort(new Error('enough'));
      expect(await end).toEqual(new Error('enough'));
    } finally {
      ending.abort();
      way.close();
    }
  });

  it('hands on files as they come', async () => {
    const [{ merchant } = { merchant: '' }] = await system.grantedMerchants(1);
    const csv = await new Response(await retract.merchants.export()).text();
    expect(csv.split('\r\n').find((line) => line.includes(merchant))).toContain(system.url);
    const log = await new Response(await retract.auditEvents.export({ format: 'ndjson' })).text();
    expect(JSON.parse(log.split('\n')[0] ?? '')).toHaveProperty('hash');
  });

  it('reads pasted lines as items', async () => {
    const lines = ['https://mp.weixin.qq.com/s/abcdefghijklmnopqrstuv', 'nothing'];
    const parsed = await retract.takedowns.parse({ lines });
    expect(parsed).toMatchObject({ items: [{ line: 1, item: { url: lines[0] } }], errors: [{ line: 2 }] });
  });

  it('tells who asks, and who is signed in', async () => {
    const me = await retract.me.get();
    expect(me.role).toBe('admin');
    expect(await retract.session.get()).toMatchObject({ id: null, api_key: { id: me.id } });
    const session = await retract.session.signIn({ api_key: system.apiKey });
    expect((await retract.sessions.list()).data).toMatchObject([{ id: session.id }]);
    await retract.sessions.end(session.id ?? '');
    expect((await retract.sessions.list()).data).toEqual([]);
    await expect(retract.session.signOut()).rejects.toMatchObject({ code: 'session_not_found' });
  });

  it('examines a platform, and knows the keys of proofs', async () => {
    const { checks } = await retract.platforms.examine(PLATFORM.component_appid);
    expect(checks.length).toBeGreaterThan(3);
    expect((await retract.proofKeys.get()).keys).toMatchObject([{ kid: expect.any(String) }]);
  });

  it('sends deliveries to all endpoints again', async () => {
    expect((await retract.webhookDeliveries.list()).data).toEqual([]);
    const [since, until] = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'];
    expect(await retract.webhookDeliveries.resend({ since, until })).toEqual({ resent: 0, next_cursor: null });
  });

  it('answers nothing where there is nothing to say', async () => {
    const { id } = await retract.apiKeys.create({ name: 'short-lived', role: 'viewer' });
    await expect(retract.apiKeys.revoke(id)).resolves.toBeUndefined();
    expect(await retract.platforms.get(PLATFORM.component_appid)).toMatchObject({
      component_appid: PLATFORM.component_appid,
    });
  });
});

describe('what is generated', () => {
  const GENERATED = 'libs/client/src/generated';

  async function filesOf(folder: string): Promise<Record<string, string>> {
    const paths = (await readdir(folder, { recursive: true })).filter((path) => path.endsWith('.ts')).sort();
    return Object.fromEntries(
      await Promise.all(paths.map(async (path) => [path, await readFile(join(folder, path), 'utf8')])),
    );
  }

  it('is what the document of the api gives today: npm run client', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'retract-generated-'));
    try {
      await promisify(execFile)(process.execPath, ['scripts/client.mjs', folder]);
      expect(await filesOf(folder)).toEqual(await filesOf(GENERATED));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('is used to the last operation, with a key where one is taken', async () => {
    const [sdk, types] = await Promise.all(['sdk', 'types'].map((of) => readFile(`${GENERATED}/${of}.gen.ts`, 'utf8')));
    const operations = [...(sdk ?? '').matchAll(/^export const (\w+) = /gm)].map(([, name = '']) => name);
    const shapes = [...(types ?? '').matchAll(/^export type (\w+)Data = \{([^]*?)^\};/gm)];
    const keyed = shapes
      .filter(([, , shape = '']) => shape.includes("'Idempotency-Key'"))
      .map(([, name = '']) => name.charAt(0).toLowerCase() + name.slice(1));
    const written = await readFile('libs/client/src/retract.ts', 'utf8');
    expect(operations.length).toBeGreaterThan(40);
    expect(keyed).toContain('deletionsCreate');
    expect(operations.filter((name) => !new RegExp(`\\b${name}\\(`).test(written))).toEqual([]);
    expect(keyed.filter((name) => !new RegExp(`\\b${name}\\(\\{\\s*\\.\\.\\.this\\.#keyed\\(`).test(written))).toEqual(
      [],
    );
  });
});
