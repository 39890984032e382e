import { randomUUID } from 'node:crypto';
import { Validator } from '@seriousme/openapi-schema-validator';
import { routeTable } from './support/route-table.js';
import { PLATFORM, System } from './support/system.js';

/** The account that the examples speak of. */
const MERCHANT = 'wx570bc396a51b8ff8';

let system: System;
let document: any;
/** What stands for a parameter in a path. */
let ids: Record<string, Record<string, string>>;
let tokensKey: string;

const describedRoutes = () =>
  routeTable(system.api).filter((route) => /^(GET|POST|PUT|PATCH|DELETE) \/(v1|\.well-known)\//.test(route));

beforeAll(async () => {
  system = await System.start({ withWorker: false });
  document = (await system.call('GET', '/openapi.json')).body;
  await system.registerPlatform();
  await system.onboardMerchant({ appid: MERCHANT });
  const made = async (path: string, body?: unknown) => (await system.call('POST', path, body)).body;
  const { id: deletion } = await made('/v1/deletions', { merchant: MERCHANT, msg_id: '1', article_idx: 1 });
  const { id: takedown } = await made('/v1/takedowns', {
    items: [{ merchant: MERCHANT, msg_id: '2', article_idx: 1 }],
    undo_seconds: 3600,
  });
  const { id: apiKey } = await made('/v1/api-keys', { name: 'documented', role: 'viewer' });
  const hook = { url: 'https://hooks.example.com/retract', event_types: ['deletion.*'] };
  const { id: endpoint } = await made('/v1/webhook-endpoints', hook);
  const { id: delivery } = await made(`/v1/webhook-endpoints/${endpoint}/test`);
  tokensKey = (await made('/v1/api-keys', { name: 'tokens', role: 'tokens' })).key;
  ids = {
    platforms: { componentAppid: PLATFORM.component_appid },
    merchants: { appid: MERCHANT },
    deletions: { id: deletion },
    takedowns: { id: takedown },
    'api-keys': { id: apiKey },
    'webhook-endpoints': { id: endpoint, deliveryId: delivery },
  };
});
afterAll(() => system.close());

/** What everybody may ask. */
const isPublic = (path: string) => path === '/.well-known/jwks.json';

const operations = (): { method: string; path: string; operation: any }[] =>
  Object.entries<any>(document.paths).flatMap(([path, item]) =>
    Object.entries<any>(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );

function addressOf(path: string): string {
  const [, , subject = ''] = path.split('/');
  const address = path.replace(/\{(\w+)\}/g, (_whole, name: string) => ids[subject]?.[name] ?? randomUUID());
  return subject === 'mass-messages' ? `${address}?merchant=${MERCHANT}` : address;
}

const send = (method: string, path: string, body: unknown) =>
  system.call(
    method,
    addressOf(path),
    // An example cannot have a key that works.
    path === '/v1/session' && body !== undefined ? { api_key: system.apiKey } : body,
    path.endsWith('/access-token') ? { authorization: `Bearer ${tokensKey}` } : {},
  );

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    expect(document.openapi).toBe('3.1.0');
    expect(await new Validator().validate(structuredClone(document))).toEqual({ valid: true });
  });

  it('describes every route of the API', () => {
    const described = operations().map(({ method, path }) => `${method} ${path.replace(/\{(\w+)\}/g, ':$1')}`);
    expect(described.sort()).toEqual(describedRoutes().sort());
  });

  it('has examples for every JSON body, and each of them works', async () => {
    const wrong: unknown[] = [];
    let sent = 0;
    for (const { method, path, operation } of operations()) {
      const json = operation.requestBody?.content?.['application/json'];
      if (!json) continue;
      const examples = Object.values<any>(json.examples ?? {});
      if (examples.length === 0) wrong.push(`${method} ${path} has no example`);
      for (const { value } of examples) {
        const reply = await send(method, path, value);
        sent++;
        if (reply.status >= 300) wrong.push({ route: `${method} ${path}`, value, problem: reply.body });
      }
    }
    expect(wrong).toEqual([]);
    expect(sent).toBeGreaterThanOrEqual(10);
  });

  it('describes what is answered where nothing is sent, and problems', async () => {
    const wrong: unknown[] = [];
    const bodiless = operations().filter(({ operation }) => !operation.requestBody);
    for (const { method, path } of bodiless) {
      // What the others need stays; a stream of events does not end.
      if (method === 'DELETE' || /\}\/events$|\/stream$/.test(path)) continue;
      const reply = await send(method, path, undefined);
      if (reply.status >= 500) wrong.push({ route: `${method} ${path}`, problem: reply.body });
      if (isPublic(path)) continue;
      const refused = await system.call(method, addressOf(path), undefined, { authorization: '' });
      if (refused.status !== 401) wrong.push({ route: `${method} ${path}`, refused });
    }
    expect(wrong).toEqual([]);
  });
});
