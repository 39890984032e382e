import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { DataSource } from 'typeorm';
import { prepared } from '@app/database';
import { System } from './support/system.js';

/** Tries for each operation; more with FUZZ_RUNS in the environment. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 6);

let system: System;
let operations: [string, any][];
let merchant: string;
let ids: Record<string, string>;
let tables: string[];

beforeAll(async () => {
  system = await System.start({ withWorker: false });
  await system.registerPlatform();
  merchant = await system.onboardMerchant();
  const made = async (path: string, body: unknown): Promise<string> => (await system.call('POST', path, body)).body.id;
  ids = {
    deletions: await made('/v1/deletions', { merchant, msg_id: '1', article_idx: 1 }),
    'api-keys': await made('/v1/api-keys', { name: 'fuzzed', role: 'viewer' }),
    'webhook-endpoints': await made('/v1/webhook-endpoints', {
      url: 'https://hooks.example.com/retract',
      event_types: ['*'],
    }),
    platforms: 'wx0123456789abcdef',
    merchants: merchant,
  };
  const { body: document } = await system.call('GET', '/openapi.json');
  operations = Object.entries<any>(document.paths).flatMap(([path, item]) =>
    Object.entries<any>(item).map(([method, operation]): [string, any] => [
      `${method.toUpperCase()} ${path}`,
      inline(operation, document),
    ]),
  );
  tables = (
    await system.sql<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migrations'`,
    )
  ).map(({ name }) => name);
});
afterAll(() => system.close());

/** Components in the place of the references to them. */
function inline(value: any, document: any): any {
  if (Array.isArray(value)) return value.map((one) => inline(one, document));
  if (typeof value !== 'object' || value === null) return value;
  if (typeof value.$ref === 'string') {
    return inline(
      value.$ref
        .split('/')
        .slice(1)
        .reduce((at: any, name: string) => at[name], document),
      document,
    );
  }
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, inline(one, document)]));
}

/** What a field may be given: what its schema says, what is nearly that, and what is nothing like it. */
function aValue(schema: any): fc.Arbitrary<unknown> {
  const odd: fc.Arbitrary<unknown> = fc.oneof(
    fc.constantFrom<unknown>(null, '', 0, -1, 1e21, 2 ** 53, 0.5, true, [], {}, '\u0000', '\ud800', '😀', ' ', "'; --"),
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.jsonValue({ maxDepth: 2 }),
    fc.constant('x'.repeat(3_000)),
  );
  const fitting = ((): fc.Arbitrary<unknown> => {
    const choices = schema.anyOf ?? schema.oneOf;
    if (choices) return fc.oneof(...choices.map(aValue));
    if (schema.enum) return fc.constantFrom(...schema.enum);
    switch (schema.type) {
      case 'integer':
      case 'number':
        return fc.integer({ min: schema.minimum ?? -10, max: Math.min(schema.maximum ?? 10_000, 2 ** 31) });
      case 'boolean':
        return fc.boolean();
      case 'array':
        return fc.array(aValue(schema.items ?? {}), { maxLength: 4 });
      case 'object':
        return schema.properties ? anObject(schema) : fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 });
      case 'string':
        return schema.format === 'date-time'
          ? fc
              .date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-01-01') })
              .map((at) => at.toISOString())
          : fc.oneof(
              fc.constantFrom(merchant, 'wx0123456789abcdef', '3147483661', 'https://mp.weixin.qq.com/s/a'),
              fc.string(),
            );
      default:
        return fc.jsonValue();
    }
  })();
  return fc.oneof({ weight: 5, arbitrary: fitting }, { weight: 1, arbitrary: odd });
}

function anObject(schema: any): fc.Arbitrary<Record<string, unknown>> {
  const fields = Object.fromEntries(
    Object.entries<any>(schema.properties).map(([name, property]) => [name, aValue(property)]),
  );
  const known = fc.record(fields, { requiredKeys: [] });
  const unknown = fc.oneof(
    { weight: 9, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 1 }) },
  );
  return fc.tuple(known, unknown).map(([a, b]) => ({ ...a, ...b }));
}

/** The bodies that the document gives as examples, with a merchant that is there. */
const examplesOf = (json: any): any[] =>
  Object.values<any>(json?.examples ?? {}).map(({ value }) => ({ ...value, ...('merchant' in value && { merchant }) }));

/** Examples of the document with some fields changed reach further than what is made up. */
function aBody(json: any): fc.Arbitrary<unknown> {
  const examples = examplesOf(json);
  const made = aValue(json.schema);
  if (examples.length === 0 || !json.schema.properties) return made;
  const changed = fc
    .tuple(fc.constantFrom(...examples), anObject(json.schema), fc.nat())
    .map(([example, changes, pick]) => {
      const names = Object.keys(changes);
      const name = names[pick % Math.max(1, names.length)];
      return { ...example, ...(name !== undefined && { [name]: changes[name] }) };
    });
  return fc.oneof(made, changed);
}

/** All rows of all tables, but for what every request writes down. */
async function contents(): Promise<string> {
  const parts = tables.map(
    (name) =>
      `SELECT '${name}' AS name, md5(COALESCE(string_agg((to_jsonb(t) - 'last_used_at')::text, '' ORDER BY to_jsonb(t)::text COLLATE "C"), '')) AS sum FROM ${name} t`,
  );
  // Parts may be read side by side, and come in any order.
  const text = `${parts.join(' UNION ALL ')} ORDER BY name`;
  return JSON.stringify(await prepared(system.api.get(DataSource).manager, 'contents', text, []));
}

describe('whatever is sent', () => {
  it('is never answered with a failure of our own, and changes nothing where it is refused', async () => {
    const accepted = new Set<string>();
    for (const [route, operation] of operations) {
      const [method = '', path = ''] = route.split(' ');
      const subject = path.split('/')[2] ?? '';
      const json = operation.requestBody?.content?.['application/json'];
      const parameters = (operation.parameters ?? []).filter((one: any) => one.in === 'query');
      const query = fc.record(
        Object.fromEntries(
          parameters.map((one: any) => [one.name, fc.oneof(aValue(one.schema).map(textOf), fc.string())]),
        ),
        { requiredKeys: [] },
      );
      const isReal = fc.oneof(
        { weight: 4, arbitrary: fc.constant(true) },
        { weight: 1, arbitrary: fc.constant(false) },
      );
      const id = fc.oneof(fc.uuid(), fc.string({ minLength: 1, maxLength: 80 }), fc.constantFrom('.', '..'));
      const reads = path.endsWith('/events') && path !== '/v1/events';
      // A stream of events does not end; a request without a body and query says nothing new.
      if (reads || (!json && parameters.length === 0 && !path.includes('{'))) continue;
      await fc.assert(
        fc.asyncProperty(
          json ? aBody(json) : fc.constant(undefined),
          json ? fc.oneof({ weight: 4, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: query }) : query,
          isReal,
          id,
          async (body, search, real, any) => {
            // What the other tries need stays.
            const isRemoval = method === 'DELETE';
            const address = path.replace(/\{\w+\}/g, () =>
              encodeURIComponent(real && !isRemoval ? (ids[subject] ?? randomUUID()) : any),
            );
            const parts = Object.entries(search).map(([name, value]): [string, string] => [name, String(value)]);
            const text = `${address}?${new URLSearchParams(parts).toString()}`;
            const before = await contents();
            const reply = await system.call(method, text, body);
            expect([200, 201, 202, 204, 400, 401, 403, 404, 405, 409, 413, 414, 415, 422, 429, 502, 503]).toContain(
              reply.status,
            );
            expect(reply.body?.code).not.toBe('internal_error');
            if (reply.status < 300 && body) accepted.add(route);
            if (reply.status < 400 || reply.status >= 500) return;
            expect(reply.body).toMatchObject({ status: reply.status, code: expect.any(String) });
            expect(await contents()).toBe(before);
          },
        ),
        // The examples come first, as they stand.
        { numRuns: RUNS, examples: examplesOf(json).map((body) => [body, {}, true, randomUUID()]) },
      );
    }
    // What is sent is not so far off that it would not get through.
    expect(accepted.size).toBeGreaterThan(5);
  }, 900_000);

  it('is refused where it is no JSON, whatever the bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const response = await fetch(`${system.url}/v1/deletions`, {
          method: 'POST',
          headers: { authorization: `Bearer ${system.apiKey}`, 'content-type': 'application/json' },
          body: Buffer.from(bytes),
        });
        expect(response.status).toBe(400);
      }),
      { numRuns: 200 },
    );
  });
});

const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
