import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { eventually } from './support/eventually.js';
import { queueBackends } from './support/queue-backends.js';
import { PLATFORM, System } from './support/system.js';
import { silence, status, verified, WebhookReceiver, type ReceivedWebhook } from './support/webhook-receiver.js';

interface Endpoint {
  id: string;
  path: string;
  secret: string;
}

/** A system and a receiver beside it. */
class Stage {
  private constructor(
    readonly system: System,
    readonly receiver: WebhookReceiver,
  ) {}

  static async set(options: Parameters<typeof System.start>[0]): Promise<Stage> {
    return new Stage(await System.start(options), await WebhookReceiver.start());
  }

  async close(): Promise<void> {
    await this.system.close();
    this.receiver.close();
  }

  private made = 0;
  /** One at a path of its own. */
  async endpoint(settings: Record<string, unknown> = {}, key: Record<string, string> = {}): Promise<Endpoint> {
    const path = `/hooks/${++this.made}`;
    const body = { url: this.receiver.url(path), event_types: ['platform.resumed'], ...settings };
    const made = await this.system.call('POST', '/v1/webhook-endpoints', body, key);
    if (made.status !== 201) throw new Error(JSON.stringify(made.body));
    return { id: made.body.id, path, secret: made.body.secret };
  }

  /** A key that may reach no more than this. @returns the header that shows it */
  async limitedKey(limits: { platforms?: string[]; merchants?: string[]; role?: string }) {
    const key = `rk_${randomBytes(32).toString('base64url')}`;
    const hash = createHash('sha256').update(key).digest('base64url');
    await this.system.sql(
      `INSERT INTO api_keys (id, name, key_hash, role, platforms, merchants) VALUES (gen_random_uuid(), 'limited', $1, $2, $3, $4)`,
      [hash, limits.role ?? 'admin', limits.platforms ?? null, limits.merchants ?? null],
    );
    return { authorization: `Bearer ${key}` };
  }

  /** So many events of a platform, about nothing in particular. */
  async happen(count: number): Promise<void> {
    await this.system.sql(
      `INSERT INTO events (type, component_appid, data)
       SELECT 'platform.resumed', 'wx0123456789abcdef', '{}' FROM generate_series(1, $1)`,
      [count],
    );
  }

  received(path: string, count: number, deadlineMs?: number): Promise<ReceivedWebhook[]> {
    return eventually(
      () => Promise.resolve(this.receiver.at(path)),
      (received) => received.length >= count,
      deadlineMs,
    );
  }

  async deliveries({ id }: Endpoint, query = ''): Promise<any[]> {
    return (await this.system.call('GET', `/v1/webhook-endpoints/${id}/deliveries?limit=200${query}`)).body.data;
  }

  /** The log once nothing is pending any more, oldest first. */
  async settled(endpoint: Endpoint, count: number, deadlineMs?: number): Promise<any[]> {
    const log = await eventually(
      () => this.deliveries(endpoint),
      (found) => found.length >= count && found.every(({ state }) => state !== 'pending'),
      deadlineMs,
    );
    return log.toReversed();
  }
}

const ids = (received: ReceivedWebhook[]) => received.map(({ headers }) => headers['webhook-id']);

describe.each(queueBackends)('webhooks with the queue on %s', (backend, queueUrlFor) => {
  let stage: Stage;
  let system: System;
  let receiver: WebhookReceiver;

  beforeAll(async () => {
    stage = await Stage.set({ queueUrlFor, env: { WEBHOOKS_ALLOW_PRIVATE: 'true' } });
    ({ system, receiver } = stage);
    await system.registerPlatform();
  });
  afterAll(() => stage.close());
  afterEach(async () => {
    receiver.answer = status(204);
    await system.sql('DELETE FROM webhook_endpoints');
  });

  it('tell what happens to a merchant, each event once, signed', async () => {
    const endpoint = await stage.endpoint({ event_types: ['merchant.*'] });
    const other = await stage.endpoint({ event_types: ['takedown.*'] });
    const merchant = await system.onboardMerchant({}, { permissionSets: [1] });
    const authorized = await stage.received(endpoint.path, 2);
    for (const one of authorized) expect(verified(one, endpoint.secret)).toEqual(one.event);
    expect(authorized.map(({ event }) => event.type).toSorted()).toEqual([
      'merchant.authorized',
      'merchant.eligibility_changed',
    ]);
    expect(authorized.find(({ event }) => event.type === 'merchant.authorized')?.event).toMatchObject({
      data: { merchant, component_appid: PLATFORM.component_appid, source: 'code', permission_sets: [1] },
    });
    const log = await stage.settled(endpoint, authorized.length);
    expect(log.map(({ event_id }) => event_id).toSorted()).toEqual(ids(receiver.at(endpoint.path)).toSorted());
    expect(await stage.deliveries(other)).toEqual([]);
  });

  it('tell how a deletion ended', async () => {
    const endpoint = await stage.endpoint({ event_types: ['deletion.*'] });
    const merchant = await system.onboardMerchant();
    const msgId = await system.sendMassMessage(merchant);
    const wish = { merchant, msg_id: msgId, article_idx: 1, metadata: { ticket: 'T-7' } };
    const { id } = (await system.call('POST', '/v1/deletions', wish)).body;
    const [received] = await stage.received(endpoint.path, 1);
    expect(received && verified(received, endpoint.secret)).toMatchObject({
      type: 'deletion.succeeded',
      data: {
        id,
        merchant,
        component_appid: PLATFORM.component_appid,
        msg_id: msgId,
        article_idx: 1,
        proof: 'acknowledged',
        attempts: 1,
        metadata: { ticket: 'T-7' },
      },
    });
  });

  it('tell of a takedown those who are limited as it was, and no others', async () => {
    const [one, other] = await system.grantedMerchants(2);
    if (!one || !other) throw new Error('no merchants');
    const key = await stage.limitedKey({ merchants: [one.merchant] });
    const wider = await stage.limitedKey({ merchants: [one.merchant, other.merchant] });
    const elsewhere = await stage.limitedKey({ merchants: [other.merchant] });
    const event_types = ['takedown.*', 'deletion.*'];
    const [own, above, beside] = [
      await stage.endpoint({ event_types }, key),
      await stage.endpoint({ event_types }, wider),
      await stage.endpoint({ event_types }, elsewhere),
    ];
    const items = [{ merchant: one.merchant, msg_id: one.msgId, whole_message: true }];
    const made = await system.call('POST', '/v1/takedowns', { items, reason: 'a mistake' }, key);
    expect(made.status).toBe(202);
    for (const endpoint of [own, above]) {
      const received = await stage.received(endpoint.path, 3);
      const told = received.map(({ event: { type, data } }) => [type, data.takedown_id ?? data.id]);
      expect(told.toSorted()).toEqual([
        ['deletion.succeeded', made.body.id],
        ['takedown.created', made.body.id],
        ['takedown.finished', made.body.id],
      ]);
    }
    expect(await stage.deliveries(beside)).toEqual([]);
    const page = await system.call('GET', `/v1/events?takedown=${made.body.id}`, undefined, key);
    expect(page.body.data).toHaveLength(3);
    const foreign = await system.call('GET', `/v1/events?takedown=${made.body.id}`, undefined, elsewhere);
    expect(foreign.body.data).toEqual([]);
  });

  it('come again after a failure, with the same id, until they get through', async () => {
    const endpoint = await stage.endpoint();
    let refusals = 1;
    receiver.answer = (received, response) => status(refusals-- > 0 ? 500 : 200)(received, response);
    await stage.happen(1);
    const [first, second] = await stage.received(endpoint.path, 2);
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    if (second) expect(() => verified(second, endpoint.secret)).not.toThrow();
    expect(await stage.settled(endpoint, 1)).toMatchObject([{ state: 'delivered', attempts: 2, last_status: 200 }]);
  });

  it('do not wait for an endpoint that does not answer', async () => {
    const [slow, quick] = [await stage.endpoint(), await stage.endpoint()];
    let underWay = 0;
    let most = 0;
    receiver.answer = (received, response) => {
      if (received.path !== slow.path) return void response.writeHead(204).end();
      most = Math.max(most, ++underWay);
      response.on('close', () => underWay--);
    };
    await stage.happen(100);
    const received = await stage.received(quick.path, 100, 30_000);
    expect(new Set(ids(received)).size).toBe(100);
    // Ten, and those that have just hung up; without fairness it would be all fifty places of a worker.
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(30);
  });

  it('get through though the worker is killed in the middle and the queue is lost', async () => {
    await system.stopWorker();
    const endpoint = await stage.endpoint();
    receiver.answer = silence;
    await stage.happen(15);
    const worker = await startWorker();
    const cut = await stage.received(endpoint.path, 3);
    worker.kill('SIGKILL');
    await once(worker, 'exit');
    await loseQueue();
    receiver.answer = status(204);
    await system.startWorker();
    const log = await stage.settled(endpoint, 15, 50_000);
    expect(log.map(({ state }) => state)).toEqual(Array(15).fill('delivered'));
    // What was under way comes again, under the same id; nothing else does.
    const times = (id: string | undefined) => ids(receiver.at(endpoint.path)).filter((other) => other === id).length;
    expect(new Set(ids(receiver.at(endpoint.path))).size).toBe(15);
    for (const id of ids(cut)) expect(times(id)).toBe(2);
  });

  async function startWorker(): Promise<ChildProcess> {
    const child = spawn(process.execPath, [join(process.cwd(), 'dist/apps/worker/src/main.js')], {
      env: { PATH: process.env.PATH, ...system.environment, LOG_LEVEL: 'info' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const line of createInterface({ input: child.stdout })) if (line.includes('worker runs')) break;
    child.stdout.resume();
    return child;
  }

  async function loseQueue(): Promise<void> {
    if (backend === 'PostgreSQL') {
      await system.sql('DROP SCHEMA bullmq CASCADE');
      return;
    }
    const redis = new Redis(system.environment.QUEUE_URL ?? '');
    await redis.flushdb();
    redis.disconnect();
  }
});

describe('the webhooks of the API', () => {
  let stage: Stage;
  let system: System;
  let receiver: WebhookReceiver;

  beforeAll(async () => {
    stage = await Stage.set({ env: { WEBHOOKS_ALLOW_PRIVATE: 'true' } });
    ({ system, receiver } = stage);
  });
  afterAll(() => stage.close());
  afterEach(async () => {
    receiver.answer = status(204);
    await system.sql('DELETE FROM webhook_endpoints');
  });

  const at = (id: string, path = '') => `/v1/webhook-endpoints/${id}${path}`;
  it('are made, changed, listed and deleted; the secret is shown once; the audit log knows', async () => {
    const made = await system.call('POST', '/v1/webhook-endpoints', {
      url: receiver.url('/mine'),
      event_types: ['deletion.*', 'takedown.finished'],
      description: 'ours',
    });
    expect(made).toMatchObject({
      status: 201,
      body: {
        url: receiver.url('/mine'),
        event_types: ['deletion.*', 'takedown.finished'],
        description: 'ours',
        platforms: null,
        merchants: null,
        state: 'enabled',
        disabled_reason: null,
        failing_since: null,
        previous_secret_until: null,
      },
    });
    expect(made.headers.get('cache-control')).toBe('no-store');
    const { secret, ...shown } = made.body;
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect((await system.call('GET', at(shown.id))).body).toEqual(shown);
    expect((await system.call('GET', '/v1/webhook-endpoints')).body).toEqual({ data: [shown], next_cursor: null });

    const changed = await system.call('PATCH', at(shown.id), { event_types: ['*'], description: null });
    expect(changed).toMatchObject({ status: 200, body: { event_types: ['*'], description: null, url: shown.url } });
    const rotated = await system.call('POST', at(shown.id, '/rotate-secret'));
    expect([rotated.status, rotated.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect((await system.call('DELETE', at(shown.id))).status).toBe(204);
    expect(await system.call('GET', at(shown.id))).toMatchObject({
      status: 404,
      body: { code: 'webhook_endpoint_not_found' },
    });
    const acts = await system.sql(
      `SELECT action, data FROM audit_events WHERE subject_type = 'webhook_endpoint' AND subject_id = $1 ORDER BY seq`,
      [shown.id],
    );
    expect(acts).toEqual([
      { action: 'webhook_endpoint.created', data: {} },
      { action: 'webhook_endpoint.updated', data: { changed: ['description', 'event_types'] } },
      { action: 'webhook_endpoint.secret_rotated', data: { overlap_hours: 24 } },
      { action: 'webhook_endpoint.deleted', data: {} },
    ]);
  });

  it.each([
    ['no URL', { event_types: ['*'] }],
    ['no types', { url: 'https://hooks.example' }],
    ['an unknown type', { url: 'https://hooks.example', event_types: ['deletion.gone'] }],
    ['a password in the URL', { url: 'https://me:secret@hooks.example', event_types: ['*'] }],
    ['another protocol', { url: 'file:///etc/passwd', event_types: ['*'] }],
    ['an unknown field', { url: 'https://hooks.example', event_types: ['*'], secret: 'whsec_mine' }],
  ])('are refused with %s', async (_what, body) => {
    expect(await system.call('POST', '/v1/webhook-endpoints', body)).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
  });

  it('hear for ever of what they were made for: whoever is limited to less never reads an older, wider log', async () => {
    const { id } = await stage.endpoint();
    for (const scope of [{ platforms: [PLATFORM.component_appid] }, { merchants: ['wx0000000000000001'] }]) {
      const [field] = Object.keys(scope);
      expect(await system.call('PATCH', at(id), scope)).toMatchObject({
        status: 400,
        body: { code: 'invalid_request', errors: [{ message: expect.stringContaining('cannot be changed') }] },
      });
      expect((await system.call('GET', at(id))).body).toMatchObject({ [field ?? '']: null });
    }
    const narrow = await stage.limitedKey({ platforms: [PLATFORM.component_appid] });
    expect((await system.call('GET', at(id, '/deliveries'), undefined, narrow)).status).toBe(404);
  });

  it('can be tried out, looked up and sent again, under the same id', async () => {
    const endpoint = await stage.endpoint();
    const test = await system.call('POST', at(endpoint.id, '/test'));
    expect(test).toMatchObject({ status: 202, body: { event_type: 'webhook.test', resends: 0 } });
    const [received] = await stage.received(endpoint.path, 1);
    if (received) expect(verified(received, endpoint.secret)).toMatchObject({ type: 'webhook.test' });

    const [delivery] = await stage.settled(endpoint, 1);
    expect(delivery).toMatchObject({ id: test.body.id, state: 'delivered', attempts: 1, last_status: 204 });
    const again = await system.call('POST', at(endpoint.id, `/deliveries/${delivery.id}/resend`));
    expect(again).toMatchObject({ status: 202, body: { id: delivery.id, resends: 1 } });
    const both = await stage.received(endpoint.path, 2);
    expect(new Set(ids(both))).toEqual(new Set([delivery.event_id]));
    await stage.settled(endpoint, 1);
    expect(await stage.deliveries(endpoint, '&state=failed')).toEqual([]);
    expect(await stage.deliveries(endpoint, '&state=delivered')).toHaveLength(1);
    const nowhere = await system.call('POST', at(endpoint.id, `/deliveries/${endpoint.id}/resend`));
    expect(nowhere).toMatchObject({ status: 404, body: { code: 'webhook_delivery_not_found' } });
  });

  it('are looked up for all endpoints, and those of a span of time are sent again under the same ids', async () => {
    const [one, other] = [await stage.endpoint(), await stage.endpoint()];
    const since = new Date(Date.now() - 60_000).toISOString();
    const until = new Date(Date.now() + 60_000).toISOString();
    await stage.happen(2);
    for (const { path } of [one, other]) await stage.received(path, 2);
    for (const endpoint of [one, other]) await stage.settled(endpoint, 2);

    const listed = async (query: string, headers = {}) =>
      (await system.call('GET', `/v1/webhook-deliveries?${query}`, undefined, headers)).body;
    const all = await listed(`since=${since}&until=${until}&type=platform.*&state=delivered`);
    expect(all.data.map(({ endpoint_id }: any) => endpoint_id).sort()).toEqual(
      [one.id, one.id, other.id, other.id].sort(),
    );
    const first = await listed('limit=3');
    const rest = await listed(`limit=3&cursor=${first.next_cursor}`);
    expect([...first.data, ...rest.data]).toEqual(all.data);
    expect((await listed(`endpoint=${one.id}`)).data).toHaveLength(2);
    expect((await listed('type=deletion.*')).data).toEqual([]);
    expect((await listed(`until=${since}`)).data).toEqual([]);
    expect((await listed(`since=${until}`)).data).toEqual([]);

    const resend = (wish: object, headers = {}) =>
      system.call('POST', '/v1/webhook-deliveries/resend', { since, until, ...wish }, headers);
    // Only failed ones, unless something else is said.
    expect(await resend({})).toMatchObject({ status: 200, body: { resent: 0, next_cursor: null } });
    const wish = { states: ['delivered'], endpoint: one.id, event_types: ['platform.*'] };
    expect((await resend({ ...wish, event_types: ['deletion.*'] })).body.resent).toBe(0);
    const keyed = { 'idempotency-key': 'again' };
    const answers = [await resend(wish, keyed), await resend(wish, keyed)];
    expect(answers.map(({ body }) => body)).toEqual(Array(2).fill({ resent: 2, next_cursor: null }));
    const received = await stage.received(one.path, 4);
    expect(ids(received).slice(2).sort()).toEqual(ids(received).slice(0, 2).sort());
    expect((await stage.settled(one, 2)).map(({ resends, state }) => [state, resends])).toEqual(
      Array(2).fill(['delivered', 1]),
    );
    expect(receiver.at(one.path)).toHaveLength(4);
    expect(receiver.at(other.path)).toHaveLength(2);

    const { data: acts } = (await system.call('GET', '/v1/audit-events?action=webhook_deliveries.resent')).body;
    expect(acts.map(({ data }: any) => data.resent)).toEqual([2, 0, 0]);
    const narrow = await stage.limitedKey({ platforms: ['wxaaaaaaaaaaaaaaaa'] });
    expect((await listed('', narrow)).data).toEqual([]);
    expect(await listed(`endpoint=${one.id}`, narrow)).toMatchObject({ code: 'webhook_endpoint_not_found' });
    expect((await resend({ states: ['delivered'] }, narrow)).body).toEqual({ resent: 0, next_cursor: null });
    expect(await resend({ until: since })).toMatchObject({ status: 400, body: { code: 'invalid_request' } });

    await system.call('PATCH', at(one.id), { state: 'disabled' });
    expect(await resend(wish)).toMatchObject({ status: 409, body: { code: 'webhook_endpoint_disabled' } });
    // What was answered before is answered again.
    expect(await resend(wish, keyed)).toMatchObject({ status: 200, body: { resent: 2 } });
    expect((await resend({ states: ['delivered'] })).body.resent).toBe(2);
  });

  it('are signed by both secrets while one follows the other', async () => {
    const endpoint = await stage.endpoint();
    const rotated = await system.call('POST', at(endpoint.id, '/rotate-secret'), { overlap_hours: 1 });
    expect(rotated).toMatchObject({ status: 200, body: { previous_secret_until: expect.any(String) } });
    await stage.happen(1);
    const [received] = await stage.received(endpoint.path, 1);
    for (const secret of [endpoint.secret, rotated.body.secret]) {
      expect(() => received && verified(received, secret)).not.toThrow();
    }
  });

  it('stop when the receiver says it is gone, and go on when enabled again', async () => {
    const [endpoint, witness] = [await stage.endpoint(), await stage.endpoint({ event_types: ['webhook.disabled'] })];
    receiver.answer = (received, response) => status(received.path === endpoint.path ? 410 : 204)(received, response);
    await stage.happen(1);
    const [told] = await stage.received(witness.path, 1);
    expect(told?.event).toMatchObject({ type: 'webhook.disabled', data: { id: endpoint.id, reason: 'gone' } });
    expect((await system.call('GET', at(endpoint.id))).body).toMatchObject({
      state: 'disabled',
      disabled_reason: 'gone',
    });
    expect(await system.call('POST', at(endpoint.id, '/test'))).toMatchObject({
      status: 409,
      body: { code: 'webhook_endpoint_disabled' },
    });

    receiver.answer = status(204);
    const enabled = await system.call('PATCH', at(endpoint.id), { state: 'enabled' });
    expect(enabled).toMatchObject({ status: 200, body: { state: 'enabled', disabled_reason: null } });
    await stage.happen(1);
    await stage.received(endpoint.path, 2);
  });

  it('never show a key with limits what is beyond them', async () => {
    const key = await stage.limitedKey({ platforms: ['wxaaaaaaaaaaaaaaaa'] });
    const foreign = await stage.endpoint();
    const call = (method: string, path: string, body?: unknown) => system.call(method, path, body, key);
    const own = await call('POST', '/v1/webhook-endpoints', { url: receiver.url('/own'), event_types: ['*'] });
    expect(own).toMatchObject({ status: 201, body: { platforms: ['wxaaaaaaaaaaaaaaaa'], merchants: null } });
    expect((await call('GET', '/v1/webhook-endpoints')).body.data).toMatchObject([{ id: own.body.id }]);
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['PATCH', '', { description: 'mine' }],
      ['DELETE', '', undefined],
      ['POST', '/test', undefined],
      ['POST', '/rotate-secret', {}],
      ['GET', '/deliveries', undefined],
      ['POST', `/deliveries/${foreign.id}/resend`, undefined],
    ] as const) {
      expect(await call(method, at(foreign.id, path), body)).toMatchObject({
        status: 404,
        body: { code: 'webhook_endpoint_not_found' },
      });
    }
    const wider = { url: receiver.url('/own'), event_types: ['*'], platforms: null };
    expect(await call('POST', '/v1/webhook-endpoints', wider)).toMatchObject({
      status: 403,
      body: { code: 'key_limited' },
    });
    await stage.happen(1);
    await stage.received(foreign.path, 1);
    expect(receiver.at('/own')).toEqual([]);
  });

  describe('the list of events', () => {
    it('is read on and on by its cursor, and misses nothing', async () => {
      const { next_cursor: now } = (await system.call('GET', '/v1/events?cursor=latest')).body;
      await stage.happen(5);
      await system.sql(`INSERT INTO events (type, data) VALUES ('webhook.disabled', '{"id":"x","reason":"gone"}')`);
      const seen: { id: string }[] = [];
      let cursor = now;
      await eventually(
        async () => {
          const { data, next_cursor } = (await system.call('GET', `/v1/events?limit=2&cursor=${cursor}`)).body;
          seen.push(...data);
          cursor = next_cursor;
          return seen.length;
        },
        (count) => count >= 6,
      );
      expect(new Set(seen.map(({ id }) => id)).size).toBe(6);
      expect((await system.call('GET', `/v1/events?cursor=${now}&type=webhook.*`)).body.data).toEqual([
        { id: seen[5]?.id, type: 'webhook.disabled', timestamp: expect.any(String), data: { id: 'x', reason: 'gone' } },
      ]);
      const key = await stage.limitedKey({ merchants: ['wxaaaaaaaaaaaaaaaa'], role: 'viewer' });
      expect((await system.call('GET', `/v1/events?cursor=${now}`, undefined, key)).body.data).toEqual([]);
    });

    it.each(['cursor=yesterday', 'type=deletion.gone', 'limit=1001', 'after=1', 'takedown=1'])(
      'refuses %s',
      async (query) => {
        expect(await system.call('GET', `/v1/events?${query}`)).toMatchObject({ status: 400 });
      },
    );
  });
});

describe('webhooks to private addresses', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.set({});
  });
  afterAll(() => stage.close());

  it('are refused at the door, and not sent where a name leads to one', async () => {
    const { system, receiver } = stage;
    const wish = { url: receiver.url(), event_types: ['*'] };
    expect(await system.call('POST', '/v1/webhook-endpoints', wish)).toMatchObject({
      status: 422,
      body: { code: 'webhook_address_private' },
    });
    const byName = await stage.endpoint({ url: `http://localhost:${receiver.port}/` });
    await system.call('POST', `/v1/webhook-endpoints/${byName.id}/test`);
    expect(await stage.settled(byName, 1)).toMatchObject([
      { state: 'failed', last_status: null, last_error: 'private_address' },
    ]);
    expect(receiver.received).toEqual([]);
  });
});
