import { randomBytes } from 'node:crypto';
import { Test, type TestingModule } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { DatabaseModule, rows } from '@app/database';
import { Events, type NewEvent } from '@app/events';
import { createLogger } from '@app/logging';
import { QueueModule } from '@app/queue';
import { SettingsModule } from '@app/settings';
import { SecretBox } from '@app/vault';
import { createMigratedDatabase, type TestDatabase } from '../../../test/support/database.js';
import { eventually } from '../../../test/support/eventually.js';
import { freePort } from '../../../test/support/free-port.js';
import { missingJobs } from '../../../test/support/missing-jobs.js';
import { silence, status, verified, WebhookReceiver } from '../../../test/support/webhook-receiver.js';
import {
  WebhookAddressPrivate,
  WebhookDeliveries,
  WebhookEndpointDisabled,
  WebhookEndpointNotFound,
  WebhookEndpoints,
  WebhookFanOut,
  WebhookScopeTooWide,
  WebhookSender,
  WebhooksModule,
  type EndpointSettings,
  type WebhooksOptions,
} from './index.js';

const EVERYTHING = { platforms: null, merchants: null };
const NO_ID = '0199e0f1-0000-7000-8000-00000000ffff';
const ATTEMPTS = 3;

describe('webhooks', () => {
  let database: TestDatabase;
  let secrets: SecretBox;
  let first: TestingModule;
  let receiver: WebhookReceiver;
  const processes: TestingModule[] = [];

  async function aProcess(options: Partial<WebhooksOptions> = {}): Promise<TestingModule> {
    const webhooks = {
      allowPrivate: true,
      timeoutMs: 300,
      schedule: { attempts: ATTEMPTS, backoff: (attempt: number) => attempt * 1_000 },
      ...options,
    };
    const started = await Test.createTestingModule({
      imports: [
        SettingsModule.of(
          DatabaseModule.settings({ url: database.url, applicationName: 'test', secrets }),
          QueueModule.settings({ url: database.url }),
          WebhooksModule.settings(webhooks),
        ),
        WebhooksModule,
      ],
    })
      .setLogger(createLogger({ level: 'fatal' }))
      .compile();
    processes.push(started);
    return started;
  }

  beforeAll(async () => {
    database = await createMigratedDatabase();
    secrets = new SecretBox([{ id: 'test', key: randomBytes(32) }]);
    first = await aProcess();
  });
  afterAll(async () => {
    await Promise.all(processes.map((process) => process.close()));
    await database.drop();
  });
  beforeEach(async () => {
    receiver = await WebhookReceiver.start();
  });
  afterEach(async () => {
    receiver.close();
    await Promise.all(processes.splice(1).map((process) => process.close()));
    await first.get(DataSource).query('DELETE FROM webhook_endpoints');
  });

  const endpoints = () => first.get(WebhookEndpoints);
  const deliveries = () => first.get(WebhookDeliveries);
  const deliver = (id: string) => first.get(WebhookSender).deliver(id);
  const anEndpoint = (settings: Partial<EndpointSettings> = {}) =>
    endpoints().create(EVERYTHING, { url: receiver.url(), eventTypes: ['*'], ...settings });
  const endpoint = (id: string) => endpoints().get(EVERYTHING, id);
  const deliveriesOf = (id: string) => deliveries().list(id, { limit: 1_000 });
  const hasJob = async (id: string) => (await missingJobs(first, 'webhook.deliver', [id])).length === 0;

  const resumed: NewEvent = { type: 'platform.resumed', data: {} };
  const happens = (event: NewEvent = resumed) => first.get(Events).append(first.get(DataSource).manager, event);
  /** Reads the feed to its end. Other transactions on the server may hold it up. */
  const fanOut = (of: TestingModule = first) =>
    eventually(
      async () => {
        while (await of.get(WebhookFanOut).readOn());
        const [feed] = await rows<{ left: number }>(
          of.get(DataSource),
          `SELECT count(*)::int AS left FROM events, webhook_feed
           WHERE (txid, seq) > (split_part(cursor, '.', 1)::bigint, split_part(cursor, '.', 2)::bigint)`,
        );
        return feed?.left;
      },
      (left) => left === 0,
    );
  /** One event on its way to one endpoint. */
  async function aDelivery(settings: Partial<EndpointSettings> = {}) {
    const { endpoint: made, secret } = await anEndpoint(settings);
    await happens();
    await fanOut();
    const [delivery] = await deliveriesOf(made.id);
    if (!delivery) throw new Error('no delivery was planned');
    return { endpointId: made.id, secret, id: delivery.id, eventId: delivery.eventId };
  }
  const view = async ({ endpointId, id }: { endpointId: string; id: string }) => deliveries().get(endpointId, id);

  describe('the fan-out', () => {
    it('makes one delivery of each event for each endpoint that wants it, though many do it at once', async () => {
      const { endpoint: all } = await anEndpoint();
      const { endpoint: few } = await anEndpoint({ eventTypes: ['webhook.*', 'takedown.finished'] });
      const { endpoint: none } = await anEndpoint({ eventTypes: ['deletion.*'] });
      const others = [await aProcess(), await aProcess()];
      await happens();
      await happens({ type: 'webhook.disabled', data: { id: NO_ID, reason: 'gone' } });
      const data = { counts: { succeeded: 2 }, accepted: 2, already_open: 0, already_deleted: 0, rejected: 0 };
      await happens({ type: 'takedown.finished', takedownId: NO_ID, data });
      await Promise.all([first, ...others].map((process) => fanOut(process)));

      const told = async (id: string) => (await deliveriesOf(id)).map(({ eventType }) => eventType).toSorted();
      expect(await told(all.id)).toEqual(['platform.resumed', 'takedown.finished', 'webhook.disabled']);
      expect(await told(few.id)).toEqual(['takedown.finished', 'webhook.disabled']);
      expect(await told(none.id)).toEqual([]);
      expect((await deliveriesOf(few.id))[0]?.payload).toEqual({
        id: expect.any(String),
        type: 'takedown.finished',
        timestamp: expect.any(String),
        data: { id: NO_ID, ...data },
      });
    });

    it('forgets events that are old, but none of which it has yet to make webhooks', async () => {
      const { endpoint: made } = await anEndpoint();
      await fanOut();
      const id = '00000000-0000-7000-8000-0000000000f0';
      const isThere = async () => (await rows(first.get(DataSource), 'SELECT FROM events WHERE id = $1', [id])).length;
      // By its id it is of 1970.
      await first
        .get(DataSource)
        .query(`INSERT INTO events (id, type, data) VALUES ($1, 'platform.resumed', '{}')`, [id]);
      await first.get(WebhookFanOut).forgetEvents(3);
      expect(await isThere()).toBe(1);
      await fanOut();
      expect(await deliveriesOf(made.id)).toMatchObject([{ eventId: id }]);
      await first.get(WebhookFanOut).forgetEvents(3);
      expect(await isThere()).toBe(0);
    });

    it('tells nobody what happened before they asked, or while they were disabled', async () => {
      await happens();
      await first.get(DataSource).query(`UPDATE events SET created_at = now() - interval '1 s'`);
      const { endpoint: young } = await anEndpoint();
      const { endpoint: disabled } = await anEndpoint();
      await endpoints().update(EVERYTHING, disabled.id, { state: 'disabled' });
      await fanOut();
      await happens();
      await fanOut();
      expect(await deliveriesOf(young.id)).toHaveLength(1);
      expect(await deliveriesOf(disabled.id)).toEqual([]);
    });

    it('tells endpoints with limits what is about their platforms and merchants only', async () => {
      const platform = { id: '0199e0f1-0000-7000-8000-0000000000a1', componentAppid: 'wxp' };
      const merchant = { id: '0199e0f1-0000-7000-8000-0000000000b1', authorizerAppid: 'wxm' };
      const limited = async (limits: Partial<EndpointSettings>) => (await anEndpoint(limits)).endpoint.id;
      const ids = [
        await limited({ platforms: ['wxp'] }),
        await limited({ merchants: ['wxm', 'wxn'] }),
        await limited({ platforms: ['wxp'], merchants: ['wxn'] }),
        await limited({ platforms: ['wxq'] }),
      ];
      await happens({ ...resumed, platform });
      await happens({ type: 'merchant.reauthorization_required', platform, merchant, data: {} });
      await happens();
      await fanOut();
      const told = await Promise.all(ids.map(async (id) => (await deliveriesOf(id)).map(({ eventType }) => eventType)));
      expect(told.map((types) => types.toSorted())).toEqual([
        ['merchant.reauthorization_required', 'platform.resumed'],
        ['merchant.reauthorization_required'],
        [],
        [],
      ]);
    });

    it('gives an endpoint ten jobs at a time, and the next one when one is done', async () => {
      const { endpoint: made } = await anEndpoint();
      for (let event = 0; event < 12; event++) await happens();
      await fanOut();
      await Promise.all([deliveries().enqueueWaiting(), deliveries().enqueueWaiting(made.id)]);
      await deliveries().enqueueWaiting();
      const queued = async () => (await deliveriesOf(made.id)).filter(({ isQueued }) => isQueued);
      // Two that look at the same moment may each give as many.
      const [oldest, ...others] = (await queued()).toReversed();
      expect(others.length + 1).toBeGreaterThanOrEqual(10);
      expect(await hasJob(oldest?.id ?? '')).toBe(true);
      await deliver(oldest?.id ?? '');
      const left = await deliveriesOf(made.id);
      expect(left.filter(({ state }) => state === 'delivered')).toHaveLength(1);
      expect((await queued()).length).toBeGreaterThanOrEqual(10);
    });
  });

  describe('an attempt', () => {
    it('posts the event with a signature that the receiver can verify, and is done with any 2xx', async () => {
      const { endpointId, secret, id, eventId } = await aDelivery({ url: receiver.url('/hooks?tenant=7') });
      expect(await deliver(id)).toBeUndefined();
      expect(await deliver(id)).toBeUndefined();
      const [received, ...more] = receiver.received;
      expect(more).toEqual([]);
      expect(received).toMatchObject({
        path: '/hooks?tenant=7',
        headers: { 'content-type': 'application/json', 'webhook-id': eventId },
        event: { id: eventId, type: 'platform.resumed' },
      });
      if (received) expect(verified(received, secret)).toEqual(received.event);
      expect(await view({ endpointId, id })).toMatchObject({ state: 'delivered', attempts: 1, lastStatus: 204 });
      expect(await endpoint(endpointId)).toMatchObject({ failingSince: null, lastDeliveredAt: expect.any(Date) });
    });

    it.each<[string, () => void, { lastStatus: number | null; lastError: string | null }]>([
      ['a server error', () => void (receiver.answer = status(500)), { lastStatus: 500, lastError: null }],
      ['a refusal', () => void (receiver.answer = status(404)), { lastStatus: 404, lastError: null }],
      [
        'a redirect, which is not followed',
        () => void (receiver.answer = status(307, { location: '/elsewhere' })),
        { lastStatus: 307, lastError: null },
      ],
      ['no answer in time', () => void (receiver.answer = silence), { lastStatus: null, lastError: 'timeout' }],
      ['nobody there', () => receiver.close(), { lastStatus: null, lastError: 'ECONNREFUSED' }],
    ])('is repeated after %s, with the same id', async (_what, trouble, facts) => {
      const { endpointId, id } = await aDelivery();
      trouble();
      expect(await deliver(id)).toEqual({ retryAfterMs: 1_000 });
      expect(await deliver(id)).toEqual({ retryAfterMs: 2_000 });
      expect(await view({ endpointId, id })).toMatchObject({ state: 'pending', attempts: 2, ...facts });
      expect(await endpoint(endpointId)).toMatchObject({ state: 'enabled', failingSince: expect.any(Date) });
      expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBeLessThan(2);
      expect(receiver.at('/elsewhere')).toEqual([]);
    });

    it('ends the failing of an endpoint when it gets through', async () => {
      const { endpointId, id } = await aDelivery();
      receiver.answer = status(500);
      await deliver(id);
      receiver.answer = status(200);
      await deliver(id);
      expect(await view({ endpointId, id })).toMatchObject({ state: 'delivered', attempts: 2, lastStatus: 200 });
      expect(await endpoint(endpointId)).toMatchObject({ failingSince: null });
    });

    it('goes back into its row while ten others of the endpoint are under way', async () => {
      const slow = await aProcess({ timeoutMs: 5_000 });
      const { endpoint: made } = await anEndpoint();
      for (let event = 0; event < 11; event++) await happens();
      await fanOut();
      const held: (() => void)[] = [];
      receiver.answer = (_received, response) => void held.push(() => response.writeHead(204).end());
      const [last, ...ten] = await deliveriesOf(made.id);
      const underWay = ten.map(({ id }) => slow.get(WebhookSender).deliver(id));
      await eventually(
        () => Promise.resolve(held.length),
        (count) => count === 10,
      );
      expect(await slow.get(WebhookSender).deliver(last?.id ?? '')).toBeUndefined();
      expect(held).toHaveLength(10);
      expect(await view({ endpointId: made.id, id: last?.id ?? '' })).toMatchObject({
        state: 'pending',
        attempts: 0,
        isQueued: false,
      });
      held.forEach((release) => release());
      await Promise.all(underWay);
      expect(await hasJob(last?.id ?? '')).toBe(true);
    });

    it('knows both secrets while one follows the other, and then the new one alone', async () => {
      const { endpointId, id, secret } = await aDelivery();
      const rotated = await endpoints().rotateSecret(EVERYTHING, endpointId, { overlapMs: 60_000 });
      await deliver(id);
      const [during] = receiver.received;
      for (const one of [secret, rotated.secret]) expect(() => during && verified(during, one)).not.toThrow();

      const again = await endpoints().rotateSecret(EVERYTHING, endpointId, { overlapMs: 0 });
      await deliveries().resend(await endpoint(endpointId), id);
      await deliver(id);
      const after = receiver.received[1];
      expect(() => after && verified(after, again.secret)).not.toThrow();
      for (const one of [secret, rotated.secret]) expect(() => after && verified(after, one)).toThrow();
    });

    it('keeps secrets sealed at rest', async () => {
      const { endpointId, secret } = await aDelivery();
      await endpoints().rotateSecret(EVERYTHING, endpointId, { overlapMs: 60_000 });
      const stored = JSON.stringify(await first.get(DataSource).query('SELECT * FROM webhook_endpoints'));
      expect(stored).not.toContain(secret.slice(6));
      expect(stored).not.toContain('whsec_');
    });
  });

  describe('an endpoint that fails', () => {
    const disabledEvents = (id: string) =>
      first.get(DataSource).query(`SELECT data FROM events WHERE type = 'webhook.disabled' AND data->>'id' = $1`, [id]);
    const tryAll = async (id: string) => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) await deliver(id);
    };

    it('is disabled when nothing got through while a delivery was tried to its end; the rest is given up', async () => {
      const { endpointId, id } = await aDelivery();
      const neighbour = await anEndpoint();
      await happens();
      await fanOut();
      receiver.answer = status(503);
      await tryAll(id);
      expect(await view({ endpointId, id })).toMatchObject({ state: 'failed', attempts: ATTEMPTS, lastStatus: 503 });
      expect(await endpoint(endpointId)).toMatchObject({ state: 'disabled', disabledReason: 'failing' });
      expect((await deliveriesOf(endpointId)).map(({ state, lastError }) => [state, lastError])).toEqual([
        ['failed', 'endpoint_disabled'],
        ['failed', null],
      ]);
      expect(await disabledEvents(endpointId)).toEqual([{ data: { id: endpointId, reason: 'failing' } }]);
      expect(await endpoint(neighbour.endpoint.id)).toMatchObject({ state: 'enabled' });
      expect(await deliveriesOf(neighbour.endpoint.id)).toMatchObject([{ state: 'pending' }]);
    });

    it('stays enabled when something else got through meanwhile', async () => {
      const { endpointId, id } = await aDelivery();
      const test = await deliveries().test(await endpoint(endpointId));
      await deliver(test.id);
      receiver.answer = status(500);
      await tryAll(id);
      expect(await view({ endpointId, id })).toMatchObject({ state: 'failed' });
      expect(await endpoint(endpointId)).toMatchObject({ state: 'enabled' });
    });

    it('is found, the provider’s own first, and not those that are well or were disabled by request', async () => {
      const { endpointId: own, id } = await aDelivery();
      const limited = { platforms: ['wxp'], merchants: ['wxm'] };
      const { endpoint: well } = await anEndpoint(limited);
      const { endpoint: off } = await anEndpoint(limited);
      const { endpoint: gone } = await anEndpoint(limited);
      receiver.answer = status(503);
      await deliver(id);
      await endpoints().update(EVERYTHING, off.id, { state: 'disabled' });
      await first
        .get(DataSource)
        .query(`UPDATE webhook_endpoints SET state = 'disabled', disabled_reason = 'gone' WHERE id = $1`, [gone.id]);
      const idsFor = async (scope: Parameters<WebhookEndpoints['inTrouble']>[0], limit: number) =>
        (await endpoints().inTrouble(scope, limit)).map((found) => found.id);
      expect(await idsFor(EVERYTHING, 10)).toEqual([own, gone.id]);
      expect(await idsFor(EVERYTHING, 1)).toEqual([own]);
      expect(await idsFor(limited, 10)).toEqual([gone.id]);
      expect(await endpoint(well.id)).toMatchObject({ state: 'enabled', failingSince: null });
    });

    it('is disabled at once when it says that it is gone', async () => {
      const { endpointId, id } = await aDelivery();
      receiver.answer = status(410);
      await deliver(id);
      expect(await view({ endpointId, id })).toMatchObject({ state: 'failed', attempts: 1, lastStatus: 410 });
      expect(await endpoint(endpointId)).toMatchObject({ state: 'disabled', disabledReason: 'gone' });
      expect(await disabledEvents(endpointId)).toEqual([{ data: { id: endpointId, reason: 'gone' } }]);
    });

    it('does not send when it is enabled what was left pending while it was disabled', async () => {
      const { endpointId, id } = await aDelivery();
      await endpoints().update(EVERYTHING, endpointId, { state: 'disabled' });
      // As when it was asked for again in the very moment of the disabling.
      const pending = `UPDATE webhook_deliveries SET state = 'pending', finished_at = NULL WHERE id = $1`;
      await first.get(DataSource).query(pending, [id]);
      await endpoints().update(EVERYTHING, endpointId, { state: 'enabled' });
      await deliver(id);
      expect(await view({ endpointId, id })).toMatchObject({ state: 'failed', lastError: 'endpoint_disabled' });
      expect(receiver.received).toEqual([]);
    });

    it('gets nothing while it is disabled, and everything new once it is enabled again', async () => {
      const { endpointId, id } = await aDelivery();
      receiver.answer = status(410);
      await deliver(id);
      receiver.answer = status(204);
      await expect(deliveries().resend(await endpoint(endpointId), id)).rejects.toThrow(WebhookEndpointDisabled);
      await expect(deliveries().test(await endpoint(endpointId))).rejects.toThrow(WebhookEndpointDisabled);
      expect(await endpoints().update(EVERYTHING, endpointId, { state: 'enabled' })).toMatchObject({
        state: 'enabled',
        disabledReason: null,
        failingSince: null,
      });
      const { attempts } = await deliveries().resend(await endpoint(endpointId), id);
      expect(attempts).toBe(0);
      await deliver(id);
      expect(await view({ endpointId, id })).toMatchObject({ state: 'delivered', resends: 1, attempts: 1 });
    });

    it('learns of a test that failed, which is not repeated and does not count', async () => {
      const { endpoint: made } = await anEndpoint();
      receiver.answer = status(500);
      const { id } = await deliveries().test(made);
      expect(await deliver(id)).toBeUndefined();
      expect(await view({ endpointId: made.id, id })).toMatchObject({
        state: 'failed',
        attempts: 1,
        lastStatus: 500,
        eventType: 'webhook.test',
      });
      expect(await endpoint(made.id)).toMatchObject({ state: 'enabled', failingSince: null });
    });
  });

  describe('a private address', () => {
    it('is not called, neither by number nor by a name that leads to it', async () => {
      const guarded = await aProcess({ allowPrivate: false });
      const urls = [
        receiver.url(),
        `http://localhost:${receiver.port}/`,
        `http://[::1]:${receiver.port}/`,
        `http://[::ffff:127.0.0.1]:${receiver.port}/`,
        `http://0.0.0.0:${receiver.port}/`,
        `http://2130706433:${receiver.port}/`,
        'http://169.254.169.254/latest/meta-data/',
      ];
      for (const url of urls) {
        const { endpointId, id } = await aDelivery({ url });
        await guarded.get(WebhookSender).deliver(id);
        expect([url, await view({ endpointId, id })]).toMatchObject([
          url,
          { state: 'pending', attempts: 1, lastStatus: null, lastError: 'private_address' },
        ]);
      }
      expect(receiver.received).toEqual([]);
    });

    it('is refused at the door where it can be told from the URL', async () => {
      const guarded = (await aProcess({ allowPrivate: false })).get(WebhookEndpoints);
      const settings = { url: receiver.url(), eventTypes: ['*'] };
      await expect(guarded.create(EVERYTHING, settings)).rejects.toThrow(WebhookAddressPrivate);
      const { endpoint: made } = await guarded.create(EVERYTHING, { ...settings, url: 'https://hooks.example/' });
      await expect(guarded.update(EVERYTHING, made.id, { url: 'http://10.0.0.1/' })).rejects.toThrow(
        WebhookAddressPrivate,
      );
    });
  });

  describe('a caller with limits', () => {
    const limited = { platforms: ['wxp'], merchants: ['wxm', 'wxn'] };

    it('makes endpoints within the limits only', async () => {
      const make = (settings: Partial<EndpointSettings>) =>
        endpoints().create(limited, { url: receiver.url(), eventTypes: ['*'], ...settings });
      expect((await make({})).endpoint).toMatchObject(limited);
      expect((await make({ merchants: ['wxm'] })).endpoint).toMatchObject({ ...limited, merchants: ['wxm'] });
      for (const wider of [
        { platforms: null },
        { merchants: null },
        { merchants: ['wxm', 'wxo'] },
        { platforms: ['wxq'] },
      ]) {
        await expect(make(wider)).rejects.toThrow(WebhookScopeTooWide);
      }
      const { endpoint: made } = await make({});
      expect(await endpoint(made.id)).toMatchObject(limited);
    });

    it('makes fifty and no more, which leaves room to those who have other limits or none', async () => {
      const settings = { url: receiver.url(), eventTypes: ['*'] };
      const make = (scope: Parameters<WebhookEndpoints['create']>[0], more: Partial<EndpointSettings> = {}) =>
        endpoints().create(scope, { ...settings, ...more });
      for (let made = 0; made < 50; made++) await make(limited, { merchants: [made % 2 ? 'wxm' : 'wxn'] });
      await expect(make(limited)).rejects.toMatchObject({ code: 'webhook_endpoints_too_many' });
      await expect(make(EVERYTHING, limited)).rejects.toMatchObject({ code: 'webhook_endpoints_too_many' });
      await make({ platforms: ['wxp'], merchants: ['wxo'] });
      await make(EVERYTHING);
    });

    it('sees no others', async () => {
      const { endpoint: own } = await anEndpoint({ platforms: ['wxp'], merchants: ['wxn'] });
      const foreign = [
        await anEndpoint(),
        await anEndpoint({ platforms: ['wxp'] }),
        await anEndpoint({ merchants: ['wxn'] }),
        await anEndpoint({ platforms: ['wxp', 'wxq'], merchants: ['wxn'] }),
      ];
      expect(await endpoints().list(limited, { limit: 10 })).toMatchObject([{ id: own.id }]);
      expect(await endpoints().list(EVERYTHING, { limit: 10 })).toHaveLength(5);
      for (const { endpoint: other } of foreign) {
        await expect(endpoints().get(limited, other.id)).rejects.toThrow(WebhookEndpointNotFound);
        await expect(endpoints().delete(limited, other.id)).rejects.toThrow(WebhookEndpointNotFound);
        await expect(endpoints().update(limited, other.id, { description: 'x' })).rejects.toThrow(
          WebhookEndpointNotFound,
        );
        await expect(endpoints().rotateSecret(limited, other.id, { overlapMs: 0 })).rejects.toThrow(
          WebhookEndpointNotFound,
        );
      }
    });
  });

  it('gives a delivery whose job was lost a job again', async () => {
    const { id } = await aDelivery();
    await first.get(DataSource).query('UPDATE webhook_deliveries SET is_queued = true WHERE id = $1', [id]);
    await deliveries().sweep(60_000);
    expect(await hasJob(id)).toBe(false);
    await deliveries().sweep(0);
    expect(await hasJob(id)).toBe(true);
  });

  it('leaves a delivery to the worker when the queue is down', async () => {
    const { endpoint: made } = await anEndpoint();
    const cutOff = await Test.createTestingModule({
      imports: [
        SettingsModule.of(
          DatabaseModule.settings({ url: database.url, applicationName: 'test', secrets }),
          QueueModule.settings({ url: `postgres://127.0.0.1:${await freePort()}/none` }),
          WebhooksModule.settings({ allowPrivate: true }),
        ),
        WebhooksModule,
      ],
    })
      .setLogger(createLogger({ level: 'fatal' }))
      .compile();
    processes.push(cutOff);
    const { id } = await cutOff.get(WebhookDeliveries).test(made);
    expect(await hasJob(id)).toBe(false);
    await deliveries().sweep(0);
    expect(await hasJob(id)).toBe(true);
  });

  it('forgets what came to an end a month ago', async () => {
    const { endpointId, id } = await aDelivery();
    await deliver(id);
    const { id: young } = await deliveries().test(await endpoint(endpointId));
    await deliver(young);
    await first
      .get(DataSource)
      .query(`UPDATE webhook_deliveries SET finished_at = now() - interval '31 days' WHERE id = $1`, [id]);
    await deliveries().forgetOld(32);
    expect(await deliveriesOf(endpointId)).toHaveLength(2);
    await deliveries().forgetOld(30);
    expect((await deliveriesOf(endpointId)).map((delivery) => delivery.id)).toEqual([young]);
  });
});
