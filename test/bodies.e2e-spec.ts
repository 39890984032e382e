import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { buildXml, decodeAesKey, sealPush } from '@app/wechat';
import { startCopiesReceiver } from './support/copies-receiver.js';
import { eventually } from './support/eventually.js';
import { routeTable } from './support/route-table.js';
import { PLATFORM, System, type Reply } from './support/system.js';

const NDJSON_TYPES = ['x-ndjson', 'ndjson', 'jsonl', 'x-jsonl', 'jsonlines', 'x-jsonlines'].map(
  (type) => `application/${type}`,
);

describe('bodies as clients and WeChat send them', () => {
  let system: System;
  let merchant: string;

  beforeAll(async () => {
    // How late they would come is not looked at: the long bodies are more than a merchant's days take.
    system = await System.start({ withWorker: false, env: { MAX_ETA_DAYS: '0' } });
    await system.registerPlatform();
    merchant = await system.onboardMerchant();
  });
  afterAll(() => system.close());

  const send = (
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: Buffer | string,
  ): Promise<Reply> => system.send(method, path, headers, body);

  describe('a request without a body', () => {
    const types = [
      'application/json',
      'application/json; charset=utf-8',
      'application/x-www-form-urlencoded',
      'text/plain',
      'text/xml',
      'application/x-ndjson',
      'multipart/form-data',
      'json',
      '*/*',
    ];

    it('is answered by every route alike, whatever type it names', async () => {
      const routes = routeTable(system.api).filter((route) => /^(POST|PUT|PATCH|DELETE) /.test(route));
      expect(routes.length).toBeGreaterThan(20);
      for (const route of routes) {
        const [method = '', pattern = ''] = route.split(' ');
        // Nothing has these names, so that the same request can be made again and again.
        const path = pattern
          .replaceAll(/:(componentAppid|appid|authorizerAppid)/g, 'wx0000000000000000')
          .replaceAll(/:\w+/g, '00000000-0000-7000-8000-000000000000')
          .replace('*', 'x');
        const plain = await send(method, path, { 'content-length': '0' });
        const outcome = ({ status, body }: Reply) => ({ route, status, code: body.code, detail: body.detail });
        expect(plain.status).not.toBe(415);
        for (const type of types) {
          for (const framing of [{ 'content-length': '0' }, { 'transfer-encoding': 'chunked' }]) {
            // A type that is none is refused with a body only, and of a chunked one nobody knows before it has come.
            if (!type.includes('/') && 'transfer-encoding' in framing) continue;
            if (type === '*/*' && 'transfer-encoding' in framing) continue;
            // No lines are an upload of nothing.
            if (type === 'application/x-ndjson' && /takedowns$|mass-messages$/.test(pattern)) continue;
            const reply = await send(method, path, { 'content-type': type, ...framing });
            expect({ type, ...framing, ...outcome(reply) }).toEqual({ type, ...framing, ...outcome(plain) });
          }
        }
      }
    });

    it('undoes a takedown within its undo window', async () => {
      const items = [{ merchant, msg_id: '3147483661', article_idx: 1 }];
      const { body } = await system.call('POST', '/v1/takedowns', { items, undo_seconds: 600 });
      const cancelled = await send('POST', `/v1/takedowns/${body.id}/cancel`, { 'content-type': 'application/json' });
      expect(cancelled).toMatchObject({ status: 200, body: { state: 'cancelled' } });
    });

    it('is refused where one is needed', async () => {
      for (const path of ['/v1/deletions', '/v1/takedowns', '/v1/mass-messages', '/v1/platforms', '/v1/api-keys']) {
        for (const headers of [{}, { 'content-type': 'application/json' }, { 'content-type': 'text/plain' }]) {
          const { status, body } = await send('POST', path, { 'content-length': '0', ...headers });
          expect({ path, status, code: body.code }).toEqual({ path, status: 400, code: 'malformed_body' });
        }
      }
    });
  });

  const item = (msgId: number) => JSON.stringify({ merchant, msg_id: String(msgId), article_idx: 1 });
  const takedown = (headers: Record<string, string>, body: Buffer | string) =>
    send('POST', '/v1/takedowns?dry_run=true', headers, body);

  describe('NDJSON', () => {
    it.each(NDJSON_TYPES)('is taken as %s', async (type) => {
      const reply = await takedown({ 'content-type': `${type}; charset=UTF-8` }, `${item(1)}\n${item(2)}\n`);
      expect(reply).toMatchObject({ status: 200, body: { deletions: 2 } });
      const imported = await send(
        'POST',
        '/v1/mass-messages',
        { 'content-type': type },
        JSON.stringify({ merchant, msg_id: '77' }),
      );
      expect(imported).toMatchObject({ status: 200, body: { imported: 1, rejected: 0 } });
    });

    it('may have no lines', async () => {
      const type = { 'content-type': 'application/x-ndjson' };
      const imported = await send('POST', '/v1/mass-messages', { ...type, 'content-length': '0' });
      expect(imported).toMatchObject({ status: 200, body: { imported: 0 } });
    });

    it('is refused elsewhere, and in another charset', async () => {
      expect(await send('POST', '/v1/deletions', { 'content-type': 'application/jsonl' }, item(1))).toMatchObject({
        status: 415,
      });
      const reply = await takedown({ 'content-type': 'application/jsonl; charset=gbk' }, item(1));
      expect(reply).toMatchObject({ status: 415, body: { detail: expect.stringContaining('UTF-8') } });
    });
  });

  describe('CSV', () => {
    const csv = { 'content-type': 'text/csv; charset=utf-8' };

    it('is taken where NDJSON is, and each line that is wrong is told by its number', async () => {
      const body = `\ufeffmerchant,msg_id,article_idx,whole_message\r\n${merchant},\t3147483661,1,\r\n`;
      expect(await takedown(csv, body)).toMatchObject({ status: 200, body: { deletions: 1, rejected: 0, errors: [] } });
      const wrong =
        `${body}${merchant},3.14748E+09,1,\r\n\r\n${merchant},3147483662,,\r\n${merchant},3147483662,one,\r\n` +
        `${merchant},3147483662,,true\r\n${merchant},3147483663\r\n`;
      const reply = await takedown({ 'content-type': 'text/csv' }, wrong);
      expect(reply).toMatchObject({
        status: 200,
        body: {
          deletions: 2,
          rejected: 4,
          errors: expect.arrayContaining([
            { line: 3, code: 'msg_id_invalid', detail: expect.stringContaining('3.14748E+09 has lost digits') },
            { line: 5, code: 'whole_message_not_confirmed', detail: expect.any(String) },
            { line: 6, code: 'invalid_request', detail: expect.stringContaining('article_idx') },
            { line: 8, code: 'malformed_body', detail: 'The line has 2 cells, and the head has 4 columns.' },
          ]),
        },
      });
    });

    it('is one request with its Idempotency-Key, and keeps how its lines were written', async () => {
      const text = `merchant,msg_id,article_idx\n${merchant},314748377x,1\n${merchant},3147483771,1\n`;
      const ask = (type: string) =>
        send('POST', '/v1/takedowns?undo_seconds=600', { 'content-type': type, 'idempotency-key': 'a-table' }, text);
      const [first, again] = [await ask('text/csv'), await ask('text/csv')];
      expect([first.status, again.status, again.body.id]).toEqual([202, 202, first.body.id]);
      expect(first.body).toMatchObject({ rejected: 1, accepted: 1 });
      const { body } = await system.call('GET', `/v1/takedowns/${first.body.id}/rejections`);
      expect(body.data).toMatchObject([{ line: 2, code: 'msg_id_invalid', excerpt: `${merchant},314748377x,1` }]);
      expect((await ask('application/x-ndjson')).body.code).toMatch(/idempotency|nothing/);
      await system.call('POST', `/v1/takedowns/${first.body.id}/cancel`);
    });

    it('imports messages, an article a line', async () => {
      const body =
        'merchant,msg_id,label,title,sent_at,article_idx,article_url,article_title\n' +
        `${merchant},88,"spring, sale",春季特卖,2026-03-01T08:00:00+08:00,1,,头条\n${merchant},88,,,,2,,次条\n` +
        `${merchant},89,,,,,,\n${merchant},90,,,,,,no number\n`;
      const reply = await send('POST', '/v1/mass-messages', csv, body);
      expect(reply).toMatchObject({
        status: 200,
        body: { imported: 3, rejected: 1, errors: [{ line: 5, detail: expect.stringContaining('article_idx') }] },
      });
      const { body: list } = await system.call('GET', `/v1/mass-messages?merchant=${merchant}`);
      expect(list.data.find(({ msg_id }: any) => msg_id === '88')).toMatchObject({
        label: 'spring, sale',
        title: '春季特卖',
        finished_at: '2026-03-01T00:00:00.000Z',
        articles: [
          { article_idx: 1, title: '头条' },
          { article_idx: 2, title: '次条' },
        ],
      });
    });

    it('is refused for its head and its quotes, elsewhere, and in another charset', async () => {
      expect(await takedown(csv, `merchant,msgid\n${merchant},1\n`)).toMatchObject({
        status: 400,
        body: { code: 'invalid_request', errors: [{ field: 'msgid' }] },
      });
      expect(await takedown(csv, `merchant,msg_id\n${merchant},"1\n`)).toMatchObject({
        status: 400,
        body: { code: 'malformed_body', detail: expect.stringContaining('line 2') },
      });
      expect(await takedown({ 'content-type': 'text/csv; charset=gb2312' }, 'x')).toMatchObject({ status: 415 });
      expect(await send('POST', '/v1/deletions', csv, 'merchant\n')).toMatchObject({ status: 415 });
    });

    it('may be long, and packed', async () => {
      const lines = Array.from({ length: 20_000 }, (_, i) => `${merchant},${3_000_000_000 + i},1`).join('\n');
      const body = gzipSync(`merchant,msg_id,article_idx\n${lines}`);
      const reply = await takedown({ ...csv, 'content-encoding': 'gzip' }, body);
      expect(reply).toMatchObject({ status: 200, body: { deletions: 20_000 } });
    });
  });

  describe('a packed body', () => {
    const packers = { gzip: gzipSync, 'x-gzip': gzipSync, deflate: deflateSync, br: brotliCompressSync };

    it.each(Object.entries(packers))('is unpacked: %s', async (encoding, pack) => {
      const packed = { 'content-encoding': encoding };
      const lines = await takedown(
        { 'content-type': 'application/x-ndjson', ...packed },
        pack(`${item(1)}\n${item(2)}\n`),
      );
      expect(lines).toMatchObject({ status: 200, body: { deletions: 2 } });
      const json = pack(`{"dry_run":true,"items":[${item(1)}]}`);
      const list = await send('POST', '/v1/takedowns', { 'content-type': 'application/json', ...packed }, json);
      expect(list).toMatchObject({ status: 200, body: { deletions: 1 } });
    });

    it('may be long', async () => {
      const lines = Array.from({ length: 20_000 }, (_, i) => item(3_000_000_000 + i)).join('\n');
      const reply = await takedown(
        { 'content-type': 'application/jsonl', 'content-encoding': 'gzip' },
        gzipSync(lines),
      );
      expect(reply).toMatchObject({ status: 200, body: { deletions: 20_000 } });
    });

    it.each(['application/json', 'application/x-ndjson'])(
      'is refused as %s when it unpacks into a monstrous one',
      async (type) => {
        const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, ' '));
        for (const path of ['/v1/takedowns', '/v1/mass-messages']) {
          const reply = await send('POST', path, { 'content-type': type, 'content-encoding': 'gzip' }, bomb);
          expect(reply).toMatchObject({ status: 413, body: { code: 'payload_too_large' } });
        }
        expect(await system.sql(`SELECT 1 FROM takedowns WHERE state = 'receiving'`)).toEqual([]);
      },
    );

    it.each([
      ['is not packed at all', Buffer.from('{"a":1}')],
      ['is cut off', gzipSync(item(1)).subarray(0, -10)],
    ])('that %s is malformed', async (_, body) => {
      for (const type of ['application/json', 'application/x-ndjson']) {
        const reply = await takedown({ 'content-type': type, 'content-encoding': 'gzip' }, body);
        expect(reply).toMatchObject({ status: 400, body: { code: 'malformed_body' } });
      }
    });

    it.each(['zstd', 'gzip, gzip', 'constructor'])('of the unknown kind %s is refused by name', async (encoding) => {
      const reply = await takedown({ 'content-type': 'application/x-ndjson', 'content-encoding': encoding }, 'x');
      expect(reply).toMatchObject({ status: 415, body: { detail: expect.stringContaining('gzip, deflate, br') } });
      expect(reply.headers.get('accept-encoding')).toBe('gzip, deflate, br');
    });
  });

  it('says in every 415 what is taken', async () => {
    const lines = ['application/json', ...NDJSON_TYPES, 'text/csv'].join(', ');
    for (const [path, taken] of [
      ['/v1/takedowns', lines],
      ['/v1/mass-messages', lines],
      ['/v1/deletions', 'application/json'],
    ] as const) {
      for (const type of [
        'text/tab-separated-values',
        'text/xml',
        'application/x-www-form-urlencoded',
        'nothing',
        undefined,
      ]) {
        const reply = await send('POST', path, type === undefined ? {} : { 'content-type': type }, 'x');
        expect({ path, type, status: reply.status, accept: reply.headers.get('accept') }).toEqual({
          path,
          type,
          status: 415,
          accept: taken,
        });
        expect(reply.body.detail).toContain('application/json');
      }
    }
  });

  describe('a push', () => {
    const { component_appid: appid, token, encoding_aes_key } = PLATFORM;
    let nonce = 0;
    function sealed(plaintext: string | Buffer) {
      const timestamp = Math.floor(Date.now() / 1000);
      const aesKey = decodeAesKey(encoding_aes_key);
      const receiver = { ToUserName: 'gh_0123456789ab' };
      const { body, query } = sealPush({ token, aesKey, appid, receiver, plaintext, timestamp, nonce: `n${nonce++}` });
      return { body, query: new URLSearchParams(query).toString() };
    }
    const events = `/wechat/${appid}/events`;
    const messages = () => `/wechat/${appid}/messages/${merchant}`;
    const newest = async () => (await system.call('GET', '/v1/callback-events?limit=1')).body.data[0];

    it('is taken at an address with slashes too many', async () => {
      for (const [path, channel] of [
        [`${events}/`, 'authorization'],
        [`${events}//`, 'authorization'],
        [`//wechat//${appid}//events/`, 'authorization'],
        [`${messages()}/`, 'message'],
        [messages().replace('/messages/', '//messages//'), 'message'],
      ]) {
        const kind = `slashes_${nonce}`;
        const { body, query } = sealed(buildXml({ InfoType: kind, Event: kind }));
        expect(await send('POST', `${path}?${query}`, { 'content-type': 'text/xml' }, body)).toMatchObject({
          status: 200,
          body: 'success',
        });
        expect(await newest()).toMatchObject({ kind, channel, state: 'done' });
      }
    });

    it.each([
      'text/xml',
      'text/xml; charset=utf-8',
      'application/xml',
      'text/plain',
      'application/json',
      'application/x-ndjson',
      'image/png',
      'xml',
      '',
      undefined,
    ])('is taken as %s', async (type) => {
      const { body, query } = sealed(buildXml({ InfoType: `typed_${nonce}` }));
      const headers = type === undefined ? {} : { 'content-type': type };
      expect(await send('POST', `${events}?${query}`, headers, body)).toMatchObject({ status: 200, body: 'success' });
    });

    it('that cannot be read is recorded as such and passed on byte for byte, at both addresses', async () => {
      const receiver = await startCopiesReceiver();
      await system.call('PATCH', `/v1/platforms/${appid}`, { forward_urls: [receiver.url] });
      const cut = Buffer.from([0xe6, 0xb8]);
      const around = (before: string, after: string) => Buffer.concat([Buffer.from(before), cut, Buffer.from(after)]);
      const texts: [string | Buffer, object][] = [
        [
          around('<xml><MsgType>text</MsgType><Content><![CDATA[清', ']]></Content></xml>'),
          { state: 'unreadable', failure_code: 'not_utf8' },
        ],
        [
          around('<xml><MsgType>text</MsgType><Content><![CDATA[清', ''),
          { state: 'unreadable', failure_code: 'not_xml', kind: 'unreadable' },
        ],
        [
          '<!DOCTYPE xml><xml><InfoType>x</InfoType></xml>',
          { state: 'unreadable', failure_code: 'not_xml', kind: 'unreadable' },
        ],
        ['no XML', { state: 'unreadable', failure_code: 'not_xml', kind: 'unreadable' }],
        ['', { state: 'unreadable', failure_code: 'empty', kind: 'unreadable' }],
      ];
      await system.startWorker();
      for (const path of [events, messages()]) {
        for (const [text, recorded] of texts) {
          const { body, query } = sealed(text);
          expect(await send('POST', `${path}?${query}`, { 'content-type': 'text/xml; charset=x' }, body)).toMatchObject(
            { status: 200, body: 'success' },
          );
          expect(await newest()).toMatchObject(recorded);
          const [copy] = await eventually(
            () => Promise.resolve(receiver.received.splice(0)),
            ({ length }) => length > 0,
          );
          expect(copy).toMatchObject({ body, contentType: 'text/xml; charset=x' });
          expect(copy?.url).toContain(query);
        }
      }
      const { body: list } = await system.call('GET', '/v1/callback-events?state=unreadable');
      expect(list.data).toHaveLength(2 * texts.length);
      await system.stopWorker();
      receiver.close();
    });

    it('keeps the good items of a mass send beside an odd one', async () => {
      const item = (idx: string, url: string) =>
        `<item><ArticleIdx>${idx}</ArticleIdx><ArticleUrl>${url}</ArticleUrl></item>`;
      const list = item('', 'http://mp.weixin.qq.com/s/a') + item('2', 'http://mp.weixin.qq.com/s/b');
      const { body, query } = sealed(
        `<xml><MsgType>event</MsgType><Event>MASSSENDJOBFINISH</Event><MsgID>1000000099</MsgID><Status>send success</Status><ArticleUrlResult><ResultList>${list}</ResultList></ArticleUrlResult></xml>`,
      );
      expect(await send('POST', `${messages()}?${query}`, {}, body)).toMatchObject({ status: 200 });
      const { body: sent } = await system.call('GET', `/v1/mass-messages?merchant=${merchant}`);
      expect(sent.data.find(({ msg_id }: { msg_id: string }) => msg_id === '1000000099').articles).toEqual([
        expect.objectContaining({ article_idx: 2, title: null, url: 'http://mp.weixin.qq.com/s/b', source: 'wechat' }),
      ]);
    });

    it('is still refused when it is not WeChat’s, packed or too large', async () => {
      const { body, query } = sealed(buildXml({ InfoType: 'x' }));
      const before = (await newest()).id;
      expect(await send('POST', `${events}/?${query.replace(/nonce=n/, 'nonce=m')}`, {}, body)).toMatchObject({
        status: 403,
      });
      expect(await send('POST', `${events}?${query}`, { 'content-encoding': 'gzip' }, gzipSync(body))).toMatchObject({
        status: 415,
      });
      expect(await send('POST', events, { 'content-type': 'application/json' }, 'x'.repeat(100_000))).toMatchObject({
        status: 413,
      });
      expect(await send('POST', events, { 'content-length': '0' })).toMatchObject({ status: 400 });
      expect((await newest()).id).toBe(before);
    });
  });
});
