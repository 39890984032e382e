import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { verifyChain, type AuditEvent, type Role } from '@app/access';
import { decodeAesKey, openPush } from '@app/wechat';
import { freePort } from './support/free-port.js';
import { eventually } from './support/eventually.js';
import { anyQueueBackend } from './support/queue-backends.js';
import { PLATFORM, System } from './support/system.js';

const UNKNOWN_PLATFORM = 'wxffffffffffffffff';

/** Another system of the provider, which remembers what it could verify and open. */
async function aLegacySystem() {
  const kinds: unknown[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const query = Object.fromEntries(new URL(request.url ?? '', 'http://localhost').searchParams);
      const { token, component_appid: appid, encoding_aes_key } = PLATFORM;
      const body = Buffer.concat(chunks);
      const opened = openPush({ body, query, token, aesKeys: [decodeAesKey(encoding_aes_key)], appid });
      if (opened.ok) kinds.push(opened.fields['InfoType'] ?? opened.fields['Event']);
      response.writeHead(opened.ok ? 200 : 403).end('success');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on TCP has an address of this kind.
  const { port } = server.address() as AddressInfo;
  return { kinds, url: `http://127.0.0.1:${port}/wechat/$APPID$`, close: () => server.close() };
}

describe.each(anyQueueBackend)('living beside other systems, with the queue on %s', (_backend, queueUrlFor) => {
  let system: System;
  let legacy: Awaited<ReturnType<typeof aLegacySystem>>;

  beforeAll(async () => {
    legacy = await aLegacySystem();
    system = await System.start({ queueUrlFor });
    await system.registerPlatform();
    const path = `/v1/platforms/${PLATFORM.component_appid}`;
    expect((await system.call('PATCH', path, { forward_urls: [legacy.url] })).status).toBe(200);
  });
  afterAll(async () => {
    await system.close();
    legacy.close();
  });

  it('forwards what WeChat pushes, and says so', async () => {
    const merchant = await system.onboardMerchant({ nick_name: 'Tea house' });
    await system.sendMassMessage(merchant);
    await eventually(
      async () => legacy.kinds,
      (kinds) => kinds.includes('authorized') && kinds.includes('MASSSENDJOBFINISH'),
    );

    const list = () => system.call('GET', `/v1/callback-events?component_appid=${PLATFORM.component_appid}`);
    const { body } = await eventually(list, ({ body: { data } }) =>
      data
        .flatMap((event: any) => event.forwards)
        .every((forward: any) => forward.state === 'delivered' && forward.last_status === 200),
    );
    const message = body.data.find((event: any) => event.kind === 'MASSSENDJOBFINISH');
    expect(message).toEqual({
      id: expect.any(String),
      component_appid: PLATFORM.component_appid,
      channel: 'message',
      kind: 'MASSSENDJOBFINISH',
      authorizer_appid: merchant,
      pushed_at: expect.any(String),
      received_at: expect.any(String),
      state: 'done',
      failure_code: null,
      forwards: [{ url: legacy.url, state: 'delivered', attempts: 1, last_status: 200, last_error: null }],
    });
    // The ticket of the registration came before anybody asked for copies.
    expect(body.data.at(-1)).toMatchObject({ kind: 'component_verify_ticket', forwards: [] });
  });
});

describe('the api for other systems', () => {
  let system: System;
  let merchant: string;

  beforeAll(async () => {
    system = await System.start();
    await system.registerPlatform();
    merchant = await system.onboardMerchant({ nick_name: 'Tea house' });
  });
  afterAll(() => system.close());

  const database = () => system.api.get(DataSource);
  const authorization = (key: string) => ({ authorization: `Bearer ${key}` });
  async function keyOf(role: Role): Promise<string> {
    const key = `rk_${randomBytes(32).toString('base64url')}`;
    const hash = createHash('sha256').update(key).digest('base64url');
    await database().query(`INSERT INTO api_keys (id, name, key_hash, role) VALUES ($1, $2, $3, $2)`, [
      uuidv7(),
      role,
      hash,
    ]);
    return key;
  }
  const auditEvents = async (): Promise<any[]> => (await system.call('GET', '/v1/audit-events')).body.data;

  describe('callback events', () => {
    it('can be filtered and paged, and hold nothing of what the pushes said', async () => {
      const tickets = await system.call('GET', '/v1/callback-events?kind=component_verify_ticket&state=done');
      expect(tickets.body.data.map((event: any) => event.kind)).toEqual(['component_verify_ticket']);
      expect((await system.call('GET', '/v1/callback-events?state=failed')).body.data).toEqual([]);
      expect((await system.call('GET', `/v1/callback-events?component_appid=${UNKNOWN_PLATFORM}`)).status).toBe(404);

      const all = await eventually(
        () => system.call('GET', '/v1/callback-events'),
        ({ body }) => body.data.every((event: any) => event.state === 'done'),
      );
      const first = await system.call('GET', '/v1/callback-events?limit=1');
      const second = await system.call('GET', `/v1/callback-events?limit=1&cursor=${first.body.next_cursor}`);
      expect([...first.body.data, ...second.body.data]).toEqual(all.body.data.slice(0, 2));
      expect(JSON.stringify(all.body)).not.toMatch(/ticket@@@|queryauthcode|Encrypt|sealed/);
    });
  });

  describe('forward_urls', () => {
    const patch = (urls: unknown) =>
      system.call('PATCH', `/v1/platforms/${PLATFORM.component_appid}`, { forward_urls: urls });

    it('are part of a platform', async () => {
      const urls = ['http://10.0.0.7/wechat/$APPID$', 'https://crm.example/in?key=7'];
      expect((await patch(urls)).body.forward_urls).toEqual(urls);
      const { body } = await system.call('GET', `/v1/platforms/${PLATFORM.component_appid}`);
      expect(body.forward_urls).toEqual(urls);
      expect((await patch([])).body.forward_urls).toEqual([]);
    });

    it('are set by keys without limits only, and not shown to keys limited to merchants', async () => {
      const path = `/v1/platforms/${PLATFORM.component_appid}`;
      const issue = async (limits: object) => {
        const issued = await system.call('POST', '/v1/api-keys', { name: 'limited', role: 'admin', ...limits });
        return { authorization: `Bearer ${issued.body.key}` };
      };
      const ofPlatform = await issue({ platforms: [PLATFORM.component_appid] });
      const merchant = await system.onboardMerchant({});
      const ofMerchant = await issue({ merchants: [merchant] });
      const inner = { forward_urls: ['http://10.0.0.7/'] };
      expect(await system.call('PATCH', path, inner, ofPlatform)).toMatchObject({
        status: 403,
        body: { code: 'key_limited' },
      });
      // Nor what pushes are signed and sealed with: it could speak in WeChat's name then.
      const { token, encoding_aes_key, app_secret } = PLATFORM;
      for (const secret of [{ token }, { encoding_aes_key }, { previous_encoding_aes_key: encoding_aes_key }]) {
        expect(await system.call('PATCH', path, secret, ofPlatform)).toMatchObject({
          status: 403,
          body: { code: 'key_limited' },
        });
      }
      expect((await system.call('PATCH', path, { app_secret }, ofPlatform)).status).toBe(200);
      expect((await system.call('GET', path, undefined, ofPlatform)).body.forward_urls).toEqual([]);
      for (const one of [path, '/v1/platforms']) {
        const shown = await system.call('GET', one, undefined, ofMerchant);
        expect(shown.status).toBe(200);
        expect(JSON.stringify(shown.body)).not.toContain('forward_urls');
      }

      const url = `http://127.0.0.1:${await freePort()}/`;
      await patch([url]);
      const another = await system.onboardMerchant({});
      const forwardsFor = async (key: Record<string, string>) =>
        (await system.call('GET', '/v1/callback-events', undefined, key)).body.data
          .filter((event: any) => event.authorizer_appid === another)
          .flatMap((event: any) => event.forwards);
      const told = await eventually(
        () => forwardsFor(ofPlatform),
        (forwards) => forwards.length > 0,
      );
      expect(told[0].url).toBe(url);
      const [its] = await forwardsFor(await issue({ merchants: [another] }));
      expect(its).toMatchObject({ state: expect.any(String) });
      expect(its).not.toHaveProperty('url');
      await patch([]);
    });

    it.each([
      ['another scheme', ['ftp://crm.example/']],
      ['a password', ['http://user:password@crm.example/']],
      ['no URL', ['crm.example']],
      ['the same twice', ['http://a.example/', 'http://a.example/']],
      ['more than ten', Array.from({ length: 11 }, (_, index) => `http://a.example/${index}`)],
      ['no list', 'http://a.example/'],
    ])('are refused when there is %s', async (_what, urls) => {
      expect(await patch(urls)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    });
  });

  describe('lending access tokens', () => {
    const lend = (key: string, appid = merchant) =>
      system.call('POST', `/v1/merchants/${appid}/access-token`, undefined, authorization(key));

    it('gives the current token to a key of the role tokens, and writes it down', async () => {
      const key = await keyOf('tokens');
      const before = (await auditEvents()).length;
      const lent = await lend(key);
      expect(lent.status).toBe(200);
      expect(lent.headers.get('cache-control')).toBe('no-store');
      expect(lent.body).toEqual({
        access_token: expect.any(String),
        expires_in: expect.any(Number),
        expires_at: expect.any(String),
      });
      expect(lent.body.expires_in).toBeGreaterThan(0);
      expect(lent.body.expires_in).toBeLessThanOrEqual(7200);
      // The same token for the next one who asks: nothing was minted.
      expect((await lend(key)).body.access_token).toBe(lent.body.access_token);

      const [event, , ...rest] = await auditEvents();
      expect(rest).toHaveLength(before);
      expect(event).toMatchObject({
        role: 'tokens',
        action: 'access_token.lent',
        subject: { type: 'merchant', id: merchant },
        ip: '127.0.0.1',
        request_id: expect.any(String),
      });
      expect(JSON.stringify(event)).not.toContain(lent.body.access_token);
    });

    it.each<Role>(['admin', 'operator', 'viewer'])('refuses the role %s', async (role) => {
      expect(await lend(await keyOf(role))).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    });

    it('lets a key of the role tokens do nothing else', async () => {
      const headers = authorization(await keyOf('tokens'));
      for (const path of ['/v1/merchants', '/v1/callback-events', '/v1/audit-events', '/metrics']) {
        expect((await system.call('GET', path, undefined, headers)).status).toBe(403);
      }
    });

    it('mints a token when there is none', async () => {
      const key = await keyOf('tokens');
      const { body: before } = await lend(key);
      await database().query(`UPDATE access_tokens SET use_until = now()`);
      const { body: after } = await lend(key);
      expect(after.access_token).not.toBe(before.access_token);
    });

    it('says when the merchant is not known, and when its grant is gone', async () => {
      const key = await keyOf('tokens');
      expect(await lend(key, 'wx00000000000000ff')).toMatchObject({ status: 404 });
      const gone = await system.onboardMerchant({ nick_name: 'Gone' });
      for (const code of ['reauthorization_required', 'unauthorized']) {
        await database().query(
          `UPDATE merchants SET state = $2, ineligible_reasons = ARRAY[$2] WHERE authorizer_appid = $1`,
          [gone, code],
        );
        expect(await lend(key, gone)).toMatchObject({ status: 409, body: { code } });
      }
    });
  });

  describe('the audit log', () => {
    it('tells of platforms, names and limits that were changed, without a secret, in a chain that verifies', async () => {
      await system.call('PATCH', `/v1/platforms/${PLATFORM.component_appid}`, { token: 'anotherTokenForPushes' });
      await system.call('PATCH', `/v1/platforms/${PLATFORM.component_appid}`, { token: PLATFORM.token });
      await system.call('PATCH', `/v1/merchants/${merchant}`, { ref: 'only a name' });
      await system.call('PATCH', `/v1/merchants/${merchant}`, { daily_limit: 20, rate_per_minute: null });
      const events = await auditEvents();
      expect(events.slice(0, 4)).toMatchObject([
        {
          action: 'merchant.limits_changed',
          subject: { type: 'merchant', id: merchant },
          data: { daily_limit: 20, rate_per_minute: null },
        },
        { action: 'merchant.ref_changed', subject: { type: 'merchant', id: merchant }, data: { ref: 'only a name' } },
        { action: 'platform.updated', data: { changed: ['token'] } },
        {
          action: 'platform.updated',
          role: 'admin',
          subject: { type: 'platform', id: PLATFORM.component_appid },
          data: { changed: ['token'] },
        },
      ]);
      expect(events.slice(-2)).toMatchObject([{ action: 'platform.registered' }, { action: 'api_key.created' }]);
      const text = JSON.stringify(events);
      for (const secret of [PLATFORM.token, PLATFORM.app_secret, 'anotherTokenForPushes']) {
        expect(text).not.toContain(secret);
      }
      // As somebody outside would, from the answers alone.
      const rows = [...events].reverse().map((event): AuditEvent => ({
        ...event,
        at: new Date(event.at),
        apiKeyId: event.api_key_id,
        subjectType: event.subject.type,
        subjectId: event.subject.id,
        componentAppid: event.component_appid,
        authorizerAppid: event.authorizer_appid,
        requestId: event.request_id,
        prevHash: event.prev_hash,
      }));
      expect(verifyChain(rows)).toEqual({ ok: true, lastHash: events[0].hash });
    });

    it('keeps no row of a change that was refused', async () => {
      const before = await auditEvents();
      expect((await system.call('POST', '/v1/platforms', PLATFORM)).status).toBe(409);
      expect((await system.call('PATCH', `/v1/platforms/${UNKNOWN_PLATFORM}`, { token: 't' })).status).toBe(404);
      expect(await auditEvents()).toEqual(before);
    });

    it('is for admins, and comes in pages', async () => {
      expect(
        (await system.call('GET', '/v1/audit-events', undefined, authorization(await keyOf('operator')))).status,
      ).toBe(403);
      const all = await auditEvents();
      const first = await system.call('GET', '/v1/audit-events?limit=2');
      const second = await system.call('GET', `/v1/audit-events?limit=2&cursor=${first.body.next_cursor}`);
      expect([...first.body.data, ...second.body.data]).toEqual(all.slice(0, 4));
      expect((await system.call('GET', '/v1/audit-events?cursor=abc')).status).toBe(400);
    });
  });

  describe('the permission radar', () => {
    it('finds the merchants that cannot be served, with the reasons and a link that offers this account only', async () => {
      const lacking = await system.onboardMerchant({ nick_name: 'Without set 7' }, { permissionSets: [1, 2] });
      await system.call('PATCH', `/v1/merchants/${lacking}`, { ref: 'shop 7' });
      const find = async (query: string) =>
        (await system.call('GET', `/v1/merchants?${query}`)).body.data.map((found: any) => found.appid);
      const page = new RegExp(
        `^${system.url}/authorize/${PLATFORM.component_appid}\\?link=v1\\.a\\.${lacking}\\.[\\w-]{43}$`,
      );

      const { body } = await system.call('GET', '/v1/merchants?eligible=false&state=authorized');
      expect(body.data).toMatchObject([
        {
          appid: lacking,
          eligible: false,
          ineligible_reasons: ['permission_set_7_not_granted'],
          reauthorize_url: expect.stringMatching(page),
        },
      ]);
      const eligible = await find('eligible=true');
      expect(eligible).toContain(merchant);
      expect(eligible).not.toContain(lacking);
      expect(await find('ref=shop%207')).toEqual([lacking]);
      const authorized = await find(`component_appid=${PLATFORM.component_appid}&state=authorized`);
      expect(authorized).toEqual(expect.arrayContaining([merchant, lacking]));
      expect((await system.call('GET', '/v1/merchants?eligible=maybe')).status).toBe(400);

      const clicked = await fetch(body.data[0].reauthorize_url, { method: 'POST' });
      const links = [...(await clicked.text()).matchAll(/href="([^"]+)"/g)].map(([, link = '']) =>
        new URL(link.replaceAll('&amp;', '&')).searchParams.get('biz_appid'),
      );
      expect(links).toEqual([lacking, lacking]);
      expect((await fetch(`${system.url}/authorize/${PLATFORM.component_appid}?biz_appid=a%22b`)).status).toBe(400);
    });
  });

  describe('metrics', () => {
    const metrics = async (key = system.apiKey) => system.call('GET', '/metrics', undefined, authorization(key));

    it('are for keys of the role viewer', async () => {
      expect((await fetch(`${system.url}/metrics`)).status).toBe(401);
      expect((await metrics(await keyOf('viewer'))).status).toBe(200);
    });

    it('count pushes, refusals, calls and jobs, and name no merchant', async () => {
      const events = `${system.url}/wechat/${PLATFORM.component_appid}/events`;
      const post = (type: string, body: string, headers = {}) =>
        fetch(events, { method: 'POST', headers: { 'content-type': type, ...headers }, body });
      expect((await post('text/xml', '<xml><Encrypt>x</Encrypt></xml>')).status).toBe(403);
      expect((await post('text/xml', 'x'.repeat(100_000))).status).toBe(413);
      expect((await post('text/xml', 'x', { 'content-encoding': 'gzip' })).status).toBe(415);

      const { body: text, headers } = await eventually(metrics, ({ body }) => body.includes('status="415"'));
      expect(headers.get('content-type')).toContain('text/plain');
      const value = (series: string) =>
        Number(
          text
            .split('\n')
            .find((line: string) => line.startsWith(series))
            ?.split(' ')
            .at(-1),
        );
      expect(value('retract_pushes_total{channel="authorization",result="recorded"}')).toBeGreaterThan(0);
      expect(value('retract_pushes_total{channel="authorization",result="bad_signature"}')).toBe(1);
      expect(
        value('retract_upstream_calls_total{operation="component/api_create_preauthcode",outcome="done"}'),
      ).toBeGreaterThan(0);
      expect(value('retract_jobs{queue="forwards",state="waiting"}')).toBe(0);
      const route = 'method="POST",route="/wechat/:componentAppid/events"';
      for (const status of [413, 415])
        expect(value(`retract_http_requests_total{${route},status="${status}"}`)).toBe(1);
      expect(value('process_cpu_seconds_total')).toBeGreaterThan(0);
      expect(text).not.toContain(merchant);
    });
  });

  it('is described for people and machines', async () => {
    const { body } = await system.call('GET', '/openapi.json');
    for (const path of ['/v1/callback-events', '/v1/audit-events', '/v1/merchants/{appid}/access-token']) {
      expect(body.paths).toHaveProperty([path]);
    }
  });
});
