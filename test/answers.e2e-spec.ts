import { RawClient } from './support/raw-client.js';
import { eventually } from './support/eventually.js';
import { routeTable } from './support/route-table.js';
import { PLATFORM, System, type Reply } from './support/system.js';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'];
const NOBODY = '00000000-0000-7000-8000-000000000000';

describe('what answers tell', () => {
  let system: System;
  let merchant: string;
  let nextMsgId = 3_147_483_661;

  beforeAll(async () => {
    system = await System.start({ env: { PUBLIC_URL: 'https://tools.example/retract/' } });
    await system.registerPlatform();
    [{ merchant } = { merchant: '' }] = await system.grantedMerchants(1);
    await system.stopWorker();
  });
  afterAll(() => system.close());

  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    system.call('POST', path, body, headers);
  const postLines = (path: string, lines: unknown[]) =>
    system.callText('POST', path, lines.map((line) => JSON.stringify(line)).join('\n'), {
      'content-type': 'application/x-ndjson',
    });
  const anItem = () => ({ merchant, msg_id: String(nextMsgId++), article_idx: 1 });
  const fieldsOf = ({ body }: Reply) =>
    body.errors.map(({ field, message }: { field: string; message: string }) => `${field}: ${message}`);

  describe('an address that other methods have', () => {
    const methodsAt = () => {
      const routes = routeTable(system.api).map((route): [string, string] => {
        const [method = '', pattern = ''] = route.split(' ');
        return [method, pattern];
      });
      const methods = new Map<string, string[]>();
      for (const [, pattern] of routes) {
        const path = pattern
          .replaceAll(/:(componentAppid|appid|authorizerAppid)/g, 'wx0000000000000000')
          .replaceAll(/:\w+/g, NOBODY)
          .replace('*', 'x');
        // One address may be that of a route and, by its parameter, of another.
        const isOf = (other: string) =>
          new RegExp(`^${other.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+').replace('*', '.*')}$`).test(path);
        methods.set(path, [...new Set(routes.flatMap(([method, other]) => (isOf(other) ? [method] : [])))]);
      }
      return [...methods];
    };

    it('says 405 and names them, on every route', async () => {
      const all = methodsAt();
      expect(all.length).toBeGreaterThan(40);
      for (const [path, own] of all) {
        for (const method of METHODS.filter((one) => !own.includes(one))) {
          const reply = await system.send(method, path, {});
          const allowed = (reply.headers.get('allow') ?? '').split(', ');
          expect({ method, path, status: reply.status }).toEqual({ method, path, status: 405 });
          expect(allowed).toEqual(expect.arrayContaining(own));
          expect(allowed).not.toContain(method);
          if (method !== 'HEAD') {
            expect(reply.body).toMatchObject({
              code: 'method_not_allowed',
              detail: expect.stringContaining(allowed[0] ?? 'a method'),
            });
          }
        }
      }
    });

    it('needs no key and reads no body; HEAD is answered where GET is', async () => {
      const reply = await system.send(
        'PUT',
        '/v1/deletions?x=1',
        { authorization: '', 'content-type': 'text/csv' },
        'x',
      );
      expect(reply).toMatchObject({ status: 405 });
      expect(reply.headers.get('allow')).toBe('GET, HEAD, POST');
      for (const path of ['/v1/deletions', '/v1/platforms', '/health/live', '/docs/problems', '/openapi.json']) {
        const [head, get] = [await system.send('HEAD', path, {}), await system.send('GET', path, {})];
        expect({ path, status: head.status, body: head.body }).toEqual({ path, status: get.status, body: '' });
      }
    });
  });

  const odd: [line: string, status: number, code: string][] = [
    ['GET /v1/deletions/', 404, 'not_found'],
    ['GET //v1/deletions', 404, 'not_found'],
    ['GET /v1//deletions', 404, 'not_found'],
    ['DELETE /v1/deletions/', 404, 'not_found'],
    ['PUT /v1/%64eletions', 405, 'method_not_allowed'],
    ['GET /V1/deletions', 404, 'not_found'],
    ['GET /nothing', 404, 'not_found'],
    ['GET /v1/deletions/%2e%2e', 400, 'invalid_request'],
    ['GET /v1/deletions/a%2Fb', 400, 'invalid_request'],
    ['GET /v1/deletions/%E3%80%80', 400, 'invalid_request'],
    ['GET /v1/deletions/%ff', 400, 'malformed_request'],
    ['GET /v1/deletions/%', 400, 'malformed_request'],
    ['PUT /v1/deletions/%ff', 400, 'malformed_request'],
    ['PROPFIND /v1/deletions/%zz', 400, 'malformed_request'],
    ['OPTIONS /v1/deletions/%', 400, 'malformed_request'],
    [`GET /v1/deletions/${'a'.repeat(2_000)}`, 414, 'address_too_long'],
    [`PUT /v1/deletions/${'a'.repeat(2_000)}`, 405, 'method_not_allowed'],
    [`GET /${'a/'.repeat(4_000)}`, 404, 'not_found'],
    ['GET /v1/deletions?limit=%ff', 400, 'invalid_request'],
    ['GET /v1/deletions?%', 400, 'invalid_request'],
    ['OPTIONS *', 404, 'not_found'],
    ['GET \xff\xfe', 400, 'malformed_request'],
  ];
  it.each(odd.map((one) => [one[0].slice(0, 50), ...one] as const))(
    '%s is answered with a problem',
    async (_, line, status, code) => {
      const client = await RawClient.open(
        system.url,
        Buffer.from(`${line} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${system.apiKey}\r\n\r\n`, 'latin1'),
      );
      const answer = await eventually(
        () => Promise.resolve(client.answer()),
        ({ body }) => typeof body === 'object',
      );
      client.close();
      expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code });
      expect(answer.headers).toContain('content-type: application/problem+json');
    },
  );

  it('exports nothing to HEAD', async () => {
    const { body: takedown } = await post('/v1/takedowns', { items: [anItem()] });
    const path = `/v1/takedowns/${takedown.id}`;
    for (let i = 0; i < 25; i++) {
      expect((await system.send('HEAD', `${path}/events`, {})).status).toBe(200);
      expect((await system.send('HEAD', `${path}/proof`, {})).status).toBe(200);
    }
    const exported = () => system.sql(`SELECT 1 FROM audit_events WHERE action = 'takedown.proof_exported'`);
    expect(await exported()).toHaveLength(0);
    expect((await system.call('GET', `${path}/proof`)).status).toBe(200);
    expect(await exported()).toHaveLength(1);
  });

  it('says how to show a key, and that one is wrong only where one was shown', async () => {
    const challengeOf = async (headers: Record<string, string>, path = '/v1/merchants') => {
      const { status, headers: told } = await system.send('GET', path, headers);
      expect(status).toBe(401);
      return told.get('www-authenticate');
    };
    for (const path of ['/v1/merchants', '/metrics']) {
      expect(await challengeOf({ authorization: '' }, path)).toBe('Bearer realm="retract"');
      expect(await challengeOf({ authorization: 'Basic eDp5' }, path)).toBe('Bearer realm="retract"');
      const refused = 'Bearer realm="retract", error="invalid_token"';
      expect(await challengeOf({ authorization: 'Bearer rk_x' }, path)).toBe(refused);
    }
    expect((await system.call('GET', '/v1/merchants')).headers.get('www-authenticate')).toBeNull();
  });

  describe('Location', () => {
    it('leads to what was made', async () => {
      const platform = { ...PLATFORM, component_appid: 'wxfedcba9876543210' };
      const hook = { url: 'https://hooks.example.com/x', event_types: ['*'] };
      const made: [string, unknown, (body: any) => string][] = [
        ['/v1/platforms', platform, (body) => `/v1/platforms/${body.component_appid}`],
        ['/v1/api-keys', { name: 'x', role: 'viewer' }, (body) => `/v1/api-keys/${body.id}`],
        ['/v1/webhook-endpoints', hook, (body) => `/v1/webhook-endpoints/${body.id}`],
        ['/v1/deletions', anItem(), (body) => `/v1/deletions/${body.id}`],
        ['/v1/takedowns', { items: [anItem()] }, (body) => `/v1/takedowns/${body.id}`],
        [
          '/v1/authorization-links',
          { platform: PLATFORM.component_appid },
          (body) => `/authorize/${PLATFORM.component_appid}${new URL(body.url).search}`,
        ],
      ];
      for (const [path, request, address] of made) {
        const reply = await post(path, request);
        expect([201, 202]).toContain(reply.status);
        const location = reply.headers.get('location') ?? '';
        expect(location).toBe(`/retract${address(reply.body)}`);
        expect((await system.call('GET', location.replace('/retract', ''))).status).toBe(200);
      }
    });

    it('is there when the same request comes again, and not where nothing was made', async () => {
      const [item, takedown] = [anItem(), { items: [anItem()] }];
      for (const [path, body] of [
        ['/v1/deletions', item],
        ['/v1/takedowns', takedown],
      ] as const) {
        const headers = { 'idempotency-key': `location of ${path.slice(4)}`.replaceAll(' ', '-') };
        const [first, second] = [await post(path, body, headers), await post(path, body, headers)];
        expect(first.headers.get('location')).toBe(`/retract${path}/${first.body.id}`);
        expect(second.headers.get('location')).toBe(first.headers.get('location'));
        expect([first, second].map(({ headers }) => headers.get('idempotency-replayed'))).toEqual([null, 'true']);
      }
      const open = await post('/v1/deletions', item);
      expect([open.status, open.headers.get('location')]).toEqual([200, null]);
      const dry = await post('/v1/takedowns', { ...takedown, dry_run: true });
      expect([dry.status, dry.headers.get('location')]).toEqual([200, null]);
    });

    it('leads to where a test of a webhook endpoint is told of, and to a deletion that is tried again', async () => {
      const { body: endpoint } = await post('/v1/webhook-endpoints', {
        url: 'https://hooks.example.com/y',
        event_types: ['*'],
      });
      const test = await post(`/v1/webhook-endpoints/${endpoint.id}/test`, undefined);
      expect(test.headers.get('location')).toBe(`/retract/v1/webhook-endpoints/${endpoint.id}/deliveries`);
      const { body: deletion } = await post('/v1/deletions', anItem());
      await system.sql(
        `UPDATE deletions SET state = 'failed', outcome_code = 'refused', finished_at = now() WHERE id = $1`,
        [deletion.id],
      );
      const retried = await post(`/v1/deletions/${deletion.id}/retry`, undefined);
      expect([retried.status, retried.headers.get('location')]).toEqual([202, `/retract/v1/deletions/${deletion.id}`]);
    });
  });

  it('names an unknown field with its path, and the one that was probably meant', async () => {
    const one = await post('/v1/deletions', { ...anItem(), article_index: 1 });
    expect(one).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(fieldsOf(one)).toEqual(['article_index: there is no such field: did you mean article_idx?']);
    expect(one.body.detail).toBe(fieldsOf(one)[0]);

    const items = [anItem(), anItem(), anItem(), { ...anItem(), article_index: 1 }];
    expect(fieldsOf(await post('/v1/takedowns', { items, undo: 1 }))).toContain('undo: there is no such field');
    expect(fieldsOf(await post('/v1/takedowns', { items }))).toEqual([
      'items[3].article_index: there is no such field: did you mean article_idx?',
    ]);
    const lines = await postLines('/v1/takedowns?dry_run=true', items);
    expect(lines.body.errors).toMatchObject([
      { line: 4, detail: 'article_index: there is no such field: did you mean article_idx?' },
    ]);

    const message = { merchant, msg_id: '5', articles: [{ article_idx: 1, adress: 'x' }], lable: 'x' };
    const told = ['articles[0].adress: there is no such field', 'lable: there is no such field: did you mean label?'];
    expect(fieldsOf(await post('/v1/mass-messages', message)).sort()).toEqual(told);
    expect(fieldsOf(await post('/v1/mass-messages', [message])).sort()).toEqual(told.map((text) => `[0].${text}`));
    const imported = await postLines('/v1/mass-messages', [message]);
    expect(imported.body.errors[0].detail.split('; ').sort()).toEqual(told);

    expect(fieldsOf(await system.call('GET', '/v1/deletions?msgid=5'))).toEqual([
      'msgid: there is no such field: did you mean msg_id?',
    ]);
    expect(fieldsOf(await post('/v1/takedowns?priorty=urgent', { items }))).toEqual([
      'priorty: there is no such field: did you mean priority?',
    ]);
  });

  it('takes appids and msg_ids as they were pasted, and rounds nothing', async () => {
    const around = (text: string) => [
      ` ${text}\n`,
      `\u3000${text}\u00a0`,
      `“${text}”,`,
      `<${text}>`,
      `\ufeff「${text}」`,
    ];
    const msgId = '9007199254740993';
    for (const [i, appid] of around(merchant).entries()) {
      const pasted = {
        merchant: appid,
        msg_id: around(msgId)[i],
        article_idx: 1,
        component_appid: `'${PLATFORM.component_appid}'`,
      };
      for (const reply of [
        await post('/v1/deletions', pasted),
        await post('/v1/deletions', { ...pasted, article_idx: 1 }),
      ]) {
        expect(reply.body).toMatchObject({ merchant, msg_id: msgId, component_appid: PLATFORM.component_appid });
      }
      expect(await post('/v1/takedowns', { items: [pasted], dry_run: true })).toMatchObject({
        body: { already_open: 1 },
      });
      expect(await postLines('/v1/takedowns?dry_run=true', [pasted])).toMatchObject({ body: { already_open: 1 } });
      const { component_appid: _none, article_idx: _idx, ...message } = pasted;
      expect(await post('/v1/mass-messages', message)).toMatchObject({ body: { imported: 1, rejected: 0 } });
    }
    expect((await system.sql(`SELECT 1 FROM mass_messages WHERE msg_id = $1`, [msgId])).length).toBe(1);
    for (const text of ['12 34', '1e3', '0x1f', '12-34', '12,345', '１２３']) {
      expect(await post('/v1/deletions', { ...anItem(), msg_id: text })).toMatchObject({
        body: { code: 'msg_id_invalid' },
      });
    }
  });

  it('refuses a label that no message has in a dry run as in a takedown', async () => {
    const wish = { label: 'nobody', whole_message: true };
    for (const dry_run of [true, false]) {
      expect(await post('/v1/takedowns', { ...wish, dry_run })).toMatchObject({
        status: 422,
        body: { code: 'nothing_accepted', errors: [] },
      });
    }
  });

  describe('a whole message and its articles in one takedown', () => {
    const numbersOf = ({ status, body }: Reply) => ({
      status,
      accepted: body.accepted ?? body.deletions,
      already_open: body.already_open,
      merchants: body.merchants,
    });
    const both = async (send: (dryRun: boolean) => Promise<Reply>, accepted: number, alreadyOpen: number) => {
      const [dry, real] = [numbersOf(await send(true)), numbersOf(await send(false))];
      expect(dry).toEqual({ status: 200, accepted, already_open: alreadyOpen, merchants: 1 });
      expect(real).toEqual({ status: 202, accepted, already_open: alreadyOpen, merchants: undefined });
    };

    it('are one call, in whichever order and in however many batches they come', async () => {
      const ids = Array.from({ length: 3 }, () => String(nextMsgId++));
      const articles = ids.flatMap((msg_id) => [1, 2].map((article_idx) => ({ merchant, msg_id, article_idx })));
      const wholes = ids.slice(0, 2).map((msg_id) => ({ merchant, msg_id, whole_message: true }));
      await both((dry_run) => post('/v1/takedowns', { dry_run, items: [...articles, ...wholes, ...articles] }), 4, 10);

      const many = Array.from({ length: 2_500 }, () => String(nextMsgId++));
      const lines = [
        ...many.map((msg_id) => ({ merchant, msg_id, article_idx: 3 })),
        ...many.map((msg_id) => ({ merchant, msg_id, whole_message: true })),
        ...many.map((msg_id) => ({ merchant, msg_id, article_idx: 4 })),
      ];
      await both((dry) => postLines(`/v1/takedowns?allow_late=true&dry_run=${dry}`, lines), 2_500, 5_000);
    });

    it('stay apart where the article insists on more than the message does', async () => {
      const [msg_id, other] = [String(nextMsgId++), String(nextMsgId++)];
      const items = [
        { merchant, msg_id, whole_message: true },
        { merchant, msg_id, article_idx: 1, again: true },
        { merchant, msg_id, article_idx: 2 },
        { merchant, msg_id: other, whole_message: true, again: true },
        { merchant, msg_id: other, article_idx: 1, again: true },
      ];
      await both((dry_run) => post('/v1/takedowns', { dry_run, items, allow_late: true }), 3, 2);
    });
  });

  it('says that the ticket is missing as often as it is asked, and works at once when it has come', async () => {
    const bare = { ...PLATFORM, component_appid: 'wx00000000000000aa' };
    expect((await post('/v1/platforms', bare)).status).toBe(201);
    for (let i = 0; i < 3; i++) {
      expect(await post(`/v1/platforms/${bare.component_appid}/sync`, undefined)).toMatchObject({
        status: 503,
        body: { code: 'ticket_missing' },
      });
      const page = await system.send('POST', `/authorize/${bare.component_appid}`, { authorization: '' });
      expect(page.status).toBe(503);
      expect(page.body).toContain('服务商与微信的连接还没有准备好');
    }

    await system.sql(`UPDATE platforms SET ticket_received_at = now() - interval '13 h' WHERE component_appid = $1`, [
      PLATFORM.component_appid,
    ]);
    await system.sql(`UPDATE access_tokens SET use_until = now(), expires_at = now()`);
    const { body: tokens } = await post('/v1/api-keys', { name: 'tokens', role: 'tokens' });
    const lend = () =>
      post(`/v1/merchants/${merchant}/access-token`, undefined, { authorization: `Bearer ${tokens.key}` });
    for (let i = 0; i < 3; i++) {
      expect(await lend()).toMatchObject({ status: 503, body: { code: 'ticket_missing' } });
      expect(await post(`/v1/merchants/${merchant}/clear-quota`, undefined)).toMatchObject({
        status: 503,
        body: { code: 'ticket_missing' },
      });
    }
    await system.sql(`UPDATE platforms SET ticket_received_at = now() WHERE component_appid = $1`, [
      PLATFORM.component_appid,
    ]);
    expect((await lend()).status).toBe(200);
  });
});
