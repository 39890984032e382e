import { randomBytes, randomUUID } from 'node:crypto';
import { DataSource, type EntityManager } from 'typeorm';
import { dataSourceOptions, rows } from '@app/database';
import { createMigratedDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { eventually } from '../../../../test/support/eventually.js';
import { ApiKeys } from '../keys/api-keys.js';
import { AuditEvent } from '../audit/audit-event.entity.js';
import { AuditLog } from '../audit/audit-log.js';
import { IdempotencyKeyInUse } from '../errors.js';
import { Idempotency, type Answer } from './idempotency.js';
import { accessEntities } from '../index.js';

interface Body {
  made: number;
}

describe('an Idempotency-Key', () => {
  let database: TestDatabase;
  let sources: DataSource[];
  let one: string;
  let other: string;
  let key: string;

  beforeAll(async () => {
    database = await createMigratedDatabase();
    const options = dataSourceOptions({ url: database.url, entities: accessEntities, applicationName: 'test' });
    sources = await Promise.all([1, 2].map(() => new DataSource(options).initialize()));
    await source().query('CREATE TABLE made (id serial PRIMARY KEY, key text)');
    const keys = new ApiKeys(source(), new AuditLog(source(), source().getRepository(AuditEvent)));
    const idOf = async (text: string) => {
      await keys.bootstrap(text);
      return (await keys.authenticate(text))?.apiKeyId ?? '';
    };
    one = await idOf(`rk_${randomBytes(32).toString('base64url')}`);
    other = await idOf(`rk_${randomBytes(32).toString('base64url')}`);
  });
  afterAll(async () => {
    await Promise.all(sources.map((each) => each.destroy()));
    await database.drop();
  });
  beforeEach(() => {
    key = randomUUID();
  });

  const source = (i = 0): DataSource => {
    const found = sources[i];
    if (!found) throw new Error(`there are ${sources.length} data sources`);
    return found;
  };
  const idempotency = (i = 0) => new Idempotency(source(i));
  const request = (fingerprint: unknown = ['POST /things', { a: 1 }], apiKeyId = one) => ({
    apiKeyId,
    key,
    fingerprint,
  });
  /** Makes something and tells its number. */
  const make = async (tx: EntityManager): Promise<Answer<Body>> => {
    const [row] = await rows<{ id: number }>(tx, 'INSERT INTO made (key) VALUES ($1) RETURNING id', [key]);
    return { status: 202, body: { made: row?.id ?? 0 } };
  };
  const made = async () => (await rows(source(), 'SELECT id FROM made WHERE key = $1', [key])).length;

  it('lets the work be done once for 20 requests at the same time, and all get its answer in the end', async () => {
    const ask = async (i: number) => {
      const answer = await eventually(
        () =>
          idempotency(i % 2)
            .run(request(), make)
            .catch((error: unknown) => {
              if (error instanceof IdempotencyKeyInUse) return undefined;
              throw error;
            }),
        (found) => found !== undefined,
      );
      return answer;
    };
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => ask(i)));
    expect(await made()).toBe(1);
    expect(new Set(answers.map((answer) => JSON.stringify({ ...answer, isRepeat: undefined }))).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 202 });
    // All but the one that has done the work are told so.
    expect(answers.filter((answer) => answer?.isRepeat)).toHaveLength(19);
  });

  it('is in use while its request runs, for others on another process too', async () => {
    let end = () => undefined as void;
    let begin = () => undefined as void;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const running = idempotency().run(request(), async (tx) => {
      begin();
      await new Promise<void>((resolve) => (end = resolve));
      return make(tx);
    });
    await begun;
    for (const i of [0, 1]) {
      await expect(idempotency(i).run(request(), make)).rejects.toMatchObject({ code: 'idempotency_key_in_use' });
    }
    // The same word in another client's mouth is another key.
    expect((await idempotency().run(request(undefined, other), make)).status).toBe(202);
    end();
    const answer = await running;
    expect(await idempotency(1).run(request(), make)).toEqual({ ...answer, isRepeat: true });
  });

  it('is refused with another request, which does nothing', async () => {
    await idempotency().run(request(), make);
    for (const another of [
      ['POST /things', { a: 2 }],
      ['POST /others', { a: 1 }],
    ]) {
      await expect(idempotency().run(request(another), make)).rejects.toMatchObject({ code: 'idempotency_key_reused' });
    }
    expect(await made()).toBe(1);
  });

  it('stays free when the work fails, of which nothing is left', async () => {
    const failing = async (tx: EntityManager): Promise<Answer<Body>> => {
      await make(tx);
      throw new Error('not eligible');
    };
    await expect(idempotency().run(request(), failing)).rejects.toThrow('not eligible');
    expect(await made()).toBe(0);
    expect((await idempotency().run(request(['POST /things', { a: 2 }]), make)).status).toBe(202);
    expect(await made()).toBe(1);
  });

  it('is forgotten after 24 hours, and not before', async () => {
    const first = await idempotency().run(request(), make);
    const age = (interval: string) =>
      source().query(`UPDATE idempotency_keys SET created_at = now() - $2::interval WHERE key = $1`, [key, interval]);
    await age('23 h 59 min');
    await idempotency().sweep();
    expect(await idempotency().run(request(), make)).toEqual({ ...first, isRepeat: true });

    await age('24 h 1 min');
    const second = await idempotency().run(request(['POST /things', { a: 2 }]), make);
    expect(second).not.toEqual(first);
    await age('24 h 1 min');
    expect(await idempotency().sweep()).toBe(1);
    expect(await rows(source(), 'SELECT 1 FROM idempotency_keys WHERE key = $1', [key])).toEqual([]);
  });

  it('is forgotten with ten thousand others at a time', async () => {
    await source().query(
      `INSERT INTO idempotency_keys (api_key_id, key, request_hash, status, answer, created_at)
       SELECT (SELECT id FROM api_keys LIMIT 1), 'old-' || n, 'hash', 200, '{}', now() - interval '25 h'
       FROM generate_series(1, 10001) n`,
    );
    expect(await idempotency().sweep()).toBe(10_000);
    expect(await idempotency().sweep()).toBe(1);
  });

  it('that is absent lets every request run', async () => {
    const keyless = { ...request(), key: undefined };
    await idempotency().run(keyless, make);
    await idempotency().run(keyless, make);
    expect(await made()).toBe(2);
  });

  it('gives back answers as they were, with all that JSON can hold', async () => {
    const body = { text: '撤回 “”\u2028', none: null, list: [1.5, true, {}], big: '9007199254740993' };
    const answer = async () => ({ status: 200, body });
    expect(await idempotency().run(request(), answer)).toEqual({ status: 200, body });
    expect(await idempotency().run(request(), answer)).toEqual({ status: 200, body, isRepeat: true });
  });
});
