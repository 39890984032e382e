import { once } from 'node:events';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { z } from 'zod';
import { ConnectFailed, CredentialExpired, PlatformBroken, QuotaSpent, Refused, UnknownOutcome } from './errors.js';
import { json, StubServer, type Answer } from '../../test/stub-server.js';
import { WechatTransport, type CallRecord, type WechatCall, type WechatTransportOptions } from './transport.js';

const token = '92_SECRET-access-token-0123456789';
const secret = 'SECRET-app-secret-0123456789';
const call: WechatCall<object> = {
  operation: 'mass/delete',
  method: 'POST',
  path: '/cgi-bin/message/mass/delete',
  query: { access_token: token },
  body: { msg_id: 3147483661n },
  answer: z.object({}),
};

let server: StubServer;
let records: CallRecord[];
const transports: WechatTransport[] = [];

function transportTo(baseUrl: string, options: Partial<WechatTransportOptions> = {}): WechatTransport {
  const transport = new WechatTransport({ baseUrl, onCall: (record) => records.push(record), ...options });
  transports.push(transport);
  return transport;
}

function transport(options: Partial<WechatTransportOptions> = {}): WechatTransport {
  return transportTo(`http://127.0.0.1:${server.port}`, options);
}

/** Knows nothing of HTTP: does with each connection as told. */
async function tcpServer(behave: (socket: Socket) => void): Promise<{ host: string; close: () => void }> {
  const sockets: Socket[] = [];
  const tcp = createTcpServer((socket) => {
    sockets.push(socket.on('error', () => {}));
    behave(socket);
  }).listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const { port } = tcp.address() as AddressInfo;
  const close = () => {
    tcp.close();
    sockets.forEach((socket) => socket.destroy());
  };
  return { host: `127.0.0.1:${port}`, close };
}

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'no error',
    (error: unknown) => error,
  );
}

beforeEach(async () => {
  records = [];
  server = new StubServer();
  await server.start();
});

afterEach(async () => {
  await server.stop();
  await Promise.all(transports.splice(0).map((one) => one.close()));
});

describe('request', () => {
  it('has a fixed length, raw UTF-8, a number for the id, and the token in the query', async () => {
    await transport().call({ ...call, body: { msg_id: 9223372036854775807n, article_idx: 0, text: '中文' } });
    const [request] = server.seen;
    const body = '{"msg_id":9223372036854775807,"article_idx":0,"text":"中文"}';
    expect(request?.body.toString()).toBe(body);
    expect(request?.headers['content-length']).toBe(String(Buffer.byteLength(body)));
    expect(request?.headers['transfer-encoding']).toBeUndefined();
    expect(request?.url).toBe(`/cgi-bin/message/mass/delete?access_token=${token}`);
  });

  it('keeps the path of the base URL', async () => {
    await transportTo(`http://127.0.0.1:${server.port}/wechat/`).call(call);
    expect(server.seen[0]?.url).toBe(`/wechat/cgi-bin/message/mass/delete?access_token=${token}`);
  });

  it('can be a GET without a body', async () => {
    await transport().call({ operation: 'x', method: 'GET', path: '/cgi-bin/getcallbackip', answer: z.object({}) });
    expect(server.seen[0]).toMatchObject({ url: '/cgi-bin/getcallbackip', body: Buffer.alloc(0) });
  });

  it('goes over a kept connection', async () => {
    const kept = transport();
    for (let count = 0; count < 10; count++) await kept.call(call);
    // undici frees a connection a tick after its answer, so calls in close succession take turns on two.
    expect(new Set(server.seen.map((request) => request.remotePort)).size).toBeLessThanOrEqual(2);
  });

  it('is not sent when it would need a \\u escape', async () => {
    const error = await errorOf(transport().call({ ...call, body: { text: '\u0001' } }));
    expect(error).toBeInstanceOf(Refused);
    expect(server.seen).toEqual([]);
  });
});

describe('answer', () => {
  it('comes back with every digit', async () => {
    server.answer = json('{"msg_id":9223372036854775807,"added_later":true}');
    await expect(transport().call({ ...call, answer: z.object({ msg_id: z.bigint() }) })).resolves.toEqual({
      msg_id: 9223372036854775807n,
    });
  });

  it('is read whatever its content type, chunked or not', async () => {
    server.answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.write('{"errcode":0,');
      response.end('"errmsg":"ok"}');
    };
    await expect(transport().call(call)).resolves.toEqual({});
  });

  it('with an errcode becomes a typed error without the request id in its text', async () => {
    server.answer = json(
      '{"errcode":45009,"errmsg":"reach max api daily quota limit rid: 65f0c1d2-1a2b3c4d-5e6f7a8b"}',
    );
    const error = await errorOf(transport().call(call));
    expect(error).toBeInstanceOf(QuotaSpent);
    expect(error).toMatchObject({
      code: 'quota_spent',
      operation: 'mass/delete',
      errcode: 45009,
      errmsg: 'reach max api daily quota limit',
      rid: '65f0c1d2-1a2b3c4d-5e6f7a8b',
      httpStatus: 200,
    });
  });

  it('with 40001 asks for a new token, or, where none was sent, says that the platform is misconfigured', async () => {
    server.answer = json('{"errcode":40001,"errmsg":"invalid credential"}');
    expect(await errorOf(transport().call(call))).toBeInstanceOf(CredentialExpired);
    const { query: _, ...tokenless } = call;
    expect(await errorOf(transport().call(tokenless))).toBeInstanceOf(PlatformBroken);
  });

  it('with an errcode is understood at HTTP 4xx too', async () => {
    server.answer = json('{"errcode":"45009","errmsg":"quota"}', 400);
    expect(await errorOf(transport().call(call))).toMatchObject({ code: 'quota_spent', httpStatus: 400 });
  });

  it.each<[string, string, Answer]>([
    ['server_error', 'HTTP 500', json('oops', 500)],
    ['server_error', 'HTTP 502 with a lying body', json('{"errcode":0}', 502)],
    ['server_error', 'HTTP 503 with an errcode', json('{"errcode":45009}', 503)],
    ['busy', 'errcode −1', json('{"errcode":-1,"errmsg":"system error"}')],
    ['not_json', 'HTML', json('<html>gateway</html>')],
    ['not_json', 'nothing', json('')],
    ['not_json', 'half of it', json('{"errcode":0')],
    ['not_json', 'a list', json('[{"errcode":0}]')],
    ['not_json', 'null', json('null')],
    ['not_json', 'a bottomless list', json('['.repeat(200_000))],
    ['not_json', 'HTTP 412', json('', 412)],
    ['malformed', 'HTTP 404 in JSON', json('{"error":"not found"}', 404)],
    ['malformed', 'another object', json('{"msg_id":"seven"}')],
    ['too_large', 'more than fits', json(' '.repeat(5_000_000))],
    ['connection_lost', 'a reset', (_, request) => request.socket.destroy()],
    [
      'connection_lost',
      'a reset in the middle of the body',
      (response, request) => {
        response.writeHead(200, { 'content-length': '20' }).write('{"errcode":', () => request.socket.destroy());
      },
    ],
    ['connection_lost', 'no HTTP at all', (_, request) => request.socket.end(`${token}\r\n\r\n`)],
    ['timeout', 'silence', () => {}],
    ['timeout', 'silence in the middle of the body', (response) => response.writeHead(200).write('{"errcode":')],
  ])('leaves the outcome unknown (%s): %s', async (reason, _, answer) => {
    server.answer = answer;
    const strict = { ...call, answer: z.object({ msg_id: z.number() }) };
    const error = await errorOf(transport({ headersTimeoutMs: 300, bodyTimeoutMs: 300 }).call(strict));
    expect(error).toBeInstanceOf(UnknownOutcome);
    expect(error).toMatchObject({ code: 'unknown_outcome', reason });
    expect(server.seen).toHaveLength(1);
    expect(records).toMatchObject([{ outcome: 'unknown_outcome' }]);
    expect(inspect([error, records], { depth: 20, showHidden: true })).not.toContain(token);
  });
});

describe('no connection', () => {
  it('is told apart from a lost answer', async () => {
    const { port } = server;
    await server.stop();
    const error = await errorOf(transportTo(`http://127.0.0.1:${port}`).call(call));
    await server.start();
    expect(error).toBeInstanceOf(ConnectFailed);
    expect(error).toMatchObject({ code: 'connect_failed', cause: expect.objectContaining({ code: 'ECONNREFUSED' }) });
    expect(records).toMatchObject([{ outcome: 'connect_failed', httpStatus: undefined }]);
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(token);
  });

  it('is what a failed TLS handshake is', async () => {
    const error = await errorOf(transportTo(`https://127.0.0.1:${server.port}`).call(call));
    expect(error).toBeInstanceOf(ConnectFailed);
    expect(server.seen).toEqual([]);
  });

  it('is what a handshake that never ends is', async () => {
    const silent = await tcpServer(() => {});
    const error = await errorOf(transportTo(`https://${silent.host}`, { connectTimeoutMs: 200 }).call(call));
    silent.close();
    expect(error).toBeInstanceOf(ConnectFailed);
  });

  it('is what a closed transport has', async () => {
    const closed = transport();
    await closed.close();
    expect(await errorOf(closed.call(call))).toBeInstanceOf(ConnectFailed);
    transports.splice(0);
  });
});

describe('another host', () => {
  const closedPort = async (): Promise<string> => {
    const closing = await tcpServer(() => {});
    closing.close();
    return closing.host;
  };

  it('takes the same call at once when the first refuses the connection, and the record says so', async () => {
    const [refusing, other] = [await closedPort(), `127.0.0.1:${server.port}`];
    const twoHosts = transportTo(`http://${refusing}`, { fallbackUrls: [`http://${other}/second`] });
    await expect(twoHosts.call(call)).resolves.toEqual({});
    expect(server.seen).toHaveLength(1);
    expect(server.seen[0]).toMatchObject({
      url: `/second/cgi-bin/message/mass/delete?access_token=${token}`,
      body: Buffer.from('{"msg_id":3147483661}'),
    });
    expect(records).toMatchObject([{ host: other, unreachableHosts: [refusing], outcome: 'done', errcode: 0 }]);
  });

  it.each<[string, (other: string) => Promise<{ url: string; close?: () => void }>]>([
    ['has no address', () => Promise.resolve({ url: 'http://retract.invalid' })],
    ['does not speak TLS', () => Promise.resolve({ url: `https://127.0.0.1:${server.port}` })],
    [
      'resets the connection before the request',
      async () => {
        const resetting = await tcpServer((socket) => socket.resetAndDestroy());
        return { url: `https://${resetting.host}`, close: resetting.close };
      },
    ],
    [
      'is silent',
      async () => {
        const silent = await tcpServer(() => {});
        return { url: `https://${silent.host}`, close: silent.close };
      },
    ],
  ])('takes the call when the first %s', async (_, start) => {
    const first = await start(server.url);
    await expect(
      transportTo(first.url, { fallbackUrls: [server.url], connectTimeoutMs: 200 }).call(call),
    ).resolves.toEqual({});
    first.close?.();
    expect(server.seen).toHaveLength(1);
  });

  it.each<[string, (socket: Socket) => void]>([
    ['resets the connection without having read', (socket) => setTimeout(() => socket.resetAndDestroy(), 50)],
    ['resets when it has read the request', (socket) => socket.once('data', () => socket.resetAndDestroy())],
    ['hangs up without an answer', (socket) => socket.once('data', () => socket.end())],
    ['never answers', (socket) => socket.resume()],
  ])('is not asked when the first %s: the call may have been received', async (_, behave) => {
    const first = await tcpServer(behave);
    const twoHosts = transportTo(`http://${first.host}`, { fallbackUrls: [server.url], headersTimeoutMs: 200 });
    const error = await errorOf(twoHosts.call(call));
    first.close();
    expect(error).toBeInstanceOf(UnknownOutcome);
    expect(server.seen).toEqual([]);
    expect(records).toMatchObject([{ host: first.host, unreachableHosts: [], outcome: 'unknown_outcome' }]);
  });

  it('is not asked after an answer, be it HTTP 503 or that the address is retired', async () => {
    const first = new StubServer();
    await first.start();
    const twoHosts = transportTo(first.url, { fallbackUrls: [server.url] });
    first.answer = json('oops', 503);
    expect(await errorOf(twoHosts.call(call))).toBeInstanceOf(UnknownOutcome);
    first.answer = json('{"errcode":48017,"errmsg":"retired"}');
    expect(await errorOf(twoHosts.call(call))).toBeInstanceOf(PlatformBroken);
    await first.stop();
    expect(server.seen).toEqual([]);
  });

  it('is begun with for a while, so that calls do not wait for the first in vain', async () => {
    const accepted: Socket[] = [];
    const silent = await tcpServer((socket) => accepted.push(socket));
    const twoHosts = transportTo(`https://${silent.host}`, { fallbackUrls: [server.url], connectTimeoutMs: 200 });
    for (let count = 0; count < 5; count++) await twoHosts.call(call);
    silent.close();
    expect(accepted).toHaveLength(1);
    expect(records.map(({ unreachableHosts }) => unreachableHosts.length)).toEqual([1, 0, 0, 0, 0]);
  });

  it('is left again when the first is back', async () => {
    const first = new StubServer();
    await first.start();
    const { port } = first;
    await first.stop();
    const twoHosts = transportTo(`http://127.0.0.1:${port}`, { fallbackUrls: [server.url], hostDownMs: 0 });
    await twoHosts.call(call);
    await first.start(port);
    await twoHosts.call(call);
    await twoHosts.call(call);
    await first.stop();
    expect(first.seen).toHaveLength(2);
    expect(server.seen).toHaveLength(1);
  });

  it('is asked in turn, and when none connects the call was certainly not sent', async () => {
    const [one, two, three] = [await closedPort(), await closedPort(), await closedPort()];
    const threeHosts = transportTo(`http://${one}`, { fallbackUrls: [`http://${two}`, `http://${three}`] });
    const error = await errorOf(threeHosts.call(call));
    expect(error).toBeInstanceOf(ConnectFailed);
    expect(records).toMatchObject([{ host: three, unreachableHosts: [one, two], outcome: 'connect_failed' }]);
    expect(inspect([error, records], { depth: 20, showHidden: true })).not.toContain(token);
  });

  it('is not asked for a call that was aborted while it waited for the first', async () => {
    const silent = await tcpServer(() => {});
    const twoHosts = transportTo(`https://${silent.host}`, { fallbackUrls: [server.url] });
    const controller = new AbortController();
    const pending = errorOf(twoHosts.call({ ...call, signal: controller.signal }));
    controller.abort();
    expect(await pending).toBeInstanceOf(ConnectFailed);
    silent.close();
    expect(server.seen).toEqual([]);
  });
});

describe('an abort', () => {
  it('before the call sends nothing', async () => {
    const error = await errorOf(transport().call({ ...call, signal: AbortSignal.abort() }));
    expect(error).toBeInstanceOf(ConnectFailed);
    expect(server.seen).toEqual([]);
  });

  it('during the call leaves the outcome unknown', async () => {
    server.answer = () => {};
    const controller = new AbortController();
    const pending = errorOf(transport().call({ ...call, signal: controller.signal }));
    await server.nextRequest();
    controller.abort();
    expect(await pending).toMatchObject({ code: 'unknown_outcome', reason: 'aborted' });
  });

  it('while waiting for a connection sends nothing, then or later', async () => {
    let finishFirst = () => {};
    server.answer = (response, request) => {
      finishFirst = () => json('{"errcode":0}')(response, request);
    };
    const single = transport({ connections: 1 });
    const first = single.call(call);
    await server.nextRequest();
    const controller = new AbortController();
    const second = errorOf(single.call({ ...call, signal: controller.signal }));
    controller.abort();
    expect(await second).toBeInstanceOf(ConnectFailed);

    server.answer = json('{"errcode":0}');
    finishFirst();
    await first;
    await single.call(call);
    expect(server.seen).toHaveLength(2);
  });
});

describe('record', () => {
  it('tells the facts of a call', async () => {
    server.answer = json('{"errcode":40065,"errmsg":"invalid status rid: 65f0c1d2-1a2b3c4d-5e6f7a8b"}');
    await errorOf(transport().call(call));
    expect(records).toEqual([
      {
        operation: 'mass/delete',
        path: '/cgi-bin/message/mass/delete',
        host: `127.0.0.1:${server.port}`,
        unreachableHosts: [],
        httpStatus: 200,
        errcode: 40065,
        errmsg: 'invalid status',
        rid: '65f0c1d2-1a2b3c4d-5e6f7a8b',
        latencyMs: expect.any(Number),
        outcome: 'already_gone',
      },
    ]);
  });

  it('tells of success', async () => {
    await transport().call(call);
    expect(records).toMatchObject([{ errcode: 0, errmsg: 'ok', outcome: 'done' }]);
  });
});

describe('secrets', () => {
  it('are taken out of what WeChat repeats', async () => {
    const ticket = 'ticket@@@SECRET-ticket';
    server.answer = json(
      JSON.stringify({ errcode: 40013, errmsg: `bad ${token} ${secret} ${ticket} refreshtoken@@@SECRET-other end` }),
    );
    const body = { component_appid: 'wx1', component_appsecret: secret, component_verify_ticket: ticket };
    const error = await errorOf(transport().call({ ...call, body }));
    expect(error).toMatchObject({ errmsg: 'bad [redacted] [redacted] [redacted] [redacted] end' });
    expect(inspect([error, records], { depth: 20, showHidden: true })).not.toContain('SECRET');
  });

  it('are not quoted from an answer of an unexpected form', async () => {
    server.answer = json('{"component_access_token":["SECRET"],"expires_in":"SECRET"}');
    const answer = z.object({ component_access_token: z.string(), expires_in: z.number() });
    const error = await errorOf(transport().call({ ...call, answer }));
    expect(error).toMatchObject({ reason: 'malformed', errmsg: 'answer lacks component_access_token, expires_in' });
    expect(inspect([error, records], { depth: 20, showHidden: true })).not.toContain('SECRET');
  });
});

it('close waits for the call under way', async () => {
  let finish = () => {};
  server.answer = (response, request) => {
    finish = () => json('{"errcode":0}')(response, request);
  };
  const closing = transport();
  const pending = closing.call(call);
  await server.nextRequest();
  const closed = closing.close();
  finish();
  await expect(pending).resolves.toEqual({});
  await closed;
  transports.splice(0);
});
