import { startBuiltApp, type BuiltApp } from './support/built-app.js';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';
import { OtlpReceiver, type ReceivedSpan } from './support/otlp-receiver.js';
import { queueBackends } from './support/queue-backends.js';
import { PLATFORM, System } from './support/system.js';
import { WebhookReceiver } from './support/webhook-receiver.js';

/** Of OTLP. */
const KIND = { server: 2, client: 3, consumer: 5 };
const DELETE = 'POST /cgi-bin/message/mass/delete';

/**
 * On SIGWINCH, a line with the number of OpenTelemetry's modules that the process has loaded. Its API, which
 * prom-client has, is none.
 */
const TELLS_MODULES = `data:text/javascript,${encodeURIComponent(`
  import { createRequire } from 'node:module';
  process.on('SIGWINCH', () => {
    const paths = Object.keys(createRequire('file:///').cache).filter(
      (path) => /opentelemetry|otel/.test(path) && !path.includes('@opentelemetry/api/'),
    );
    process.stdout.write(JSON.stringify({ modules: paths.length }) + '\\n');
  });
`)}`;

type Line = Record<string, unknown>;

/** A built api and a built worker, on the database and the WeChat of a system. */
class Deployment {
  readonly lines: Line[] = [];
  private apps: BuiltApp[] = [];

  private constructor(
    private readonly system: System,
    readonly url: string,
  ) {}

  static async start(system: System, env: Record<string, string>): Promise<Deployment> {
    const port = await freePort();
    const deployment = new Deployment(system, `http://127.0.0.1:${port}`);
    const environment = {
      ...system.environment,
      ...env,
      PORT: String(port),
      NODE_OPTIONS: `--import=${TELLS_MODULES}`,
    };
    const note = (line: string) => void deployment.lines.push(JSON.parse(line) as Line);
    for (const app of ['api', 'worker'] as const) deployment.apps.push(await startBuiltApp(app, environment, note));
    return deployment;
  }

  async ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const answer = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${this.system.apiKey}`, 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, requestId: answer.headers.get('x-request-id'), body: (await answer.json()) as any };
  }

  /** How many modules of OpenTelemetry each process has loaded. */
  async modules(): Promise<number[]> {
    for (const { pid } of this.apps) process.kill(pid, 'SIGWINCH');
    const told = await eventually(
      () => Promise.resolve(this.lines.filter((line) => 'modules' in line)),
      (lines) => lines.length === this.apps.length,
    );
    return told.map((line) => Number(line.modules));
  }

  line(isIt: (line: Line) => boolean): Promise<Line | undefined> {
    return eventually(
      () => Promise.resolve(this.lines.find(isIt)),
      (found) => found !== undefined,
    );
  }

  async end(): Promise<(number | null)[]> {
    return Promise.all(this.apps.splice(0).map((app) => app.end('SIGTERM')));
  }
}

/** From a span up to the root of its trace, which may lack no part. */
function pathOf(span: ReceivedSpan, spans: ReceivedSpan[]): string[] {
  const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
  if (span.parentSpanId && !parent) throw new Error(`${span.name} has a parent that was not received`);
  return [...(parent ? pathOf(parent, spans) : []), `${span.service}: ${span.name}`];
}

describe.each(queueBackends)('traces, with the queue on %s', (_backend, queueUrlFor) => {
  let system: System;
  let receiver: OtlpReceiver;
  let targets: { merchant: string; msgId: string }[];
  let deployment: Deployment;

  beforeAll(async () => {
    system = await System.start({ queueUrlFor });
    await system.registerPlatform();
    targets = await system.grantedMerchants(4);
    await system.stopWorker();
    receiver = await OtlpReceiver.start();
    deployment = await Deployment.start(system, {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_BSP_SCHEDULE_DELAY: '200',
    });
  });
  afterAll(async () => {
    await deployment.end();
    receiver.close();
    await system.close();
  });

  const aTarget = () => {
    const target = targets.pop();
    if (!target) throw new Error('no target is left');
    return { merchant: target.merchant, msg_id: target.msgId, article_idx: 1 };
  };
  /** A trace with so many calls, once it is all there: each process sends its parts by itself. */
  const whole = (traceId: string, calls = 1, elsewhere?: string) =>
    eventually(
      () => Promise.resolve(receiver.trace(traceId)),
      (spans) => {
        const known = new Set([undefined, elsewhere, ...spans.map(({ spanId }) => spanId)]);
        const isWhole = spans.every(({ parentSpanId }) => known.has(parentSpanId));
        return isWhole && spans.filter(({ name }) => name === DELETE).length === calls;
      },
    );

  it('are one for a deletion, from the request through queue and worker to mass/delete', async () => {
    const { status, requestId, body } = await deployment.ask('POST', '/v1/deletions', aTarget());
    expect(status).toBe(202);
    expect(await system.finished(body.id)).toMatchObject({ state: 'succeeded' });
    const asked = await deployment.line(({ message, request_id }) => message === 'request' && request_id === requestId);
    const traceId = String(asked?.trace_id);
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);

    const spans = await whole(traceId);
    const call = spans.find(({ name }) => name === DELETE);
    if (!call) throw new Error('no call');
    expect(pathOf(call, spans)).toEqual([
      'retract-api: POST /v1/deletions',
      'retract-worker: process deletions',
      `retract-worker: ${DELETE}`,
    ]);
    expect(call).toMatchObject({
      kind: KIND.client,
      attributes: { 'url.template': '/cgi-bin/message/mass/delete', 'http.response.status_code': 200 },
    });
    expect(spans.filter(({ kind }) => kind === KIND.server)).toMatchObject([
      { attributes: { 'http.route': '/v1/deletions', 'http.response.status_code': 202 } },
    ]);
    expect(spans.filter(({ kind }) => kind === KIND.consumer)).toMatchObject([
      { attributes: { 'bullmq.job.name': 'deletion.run', 'bullmq.job.id': body.id } },
    ]);
    expect(spans.map(({ name }) => name)).toContainEqual(expect.stringMatching(/^pg\.query:accept deletion/));

    // The call's line in the log has the trace as well.
    expect(
      await deployment.line(({ operation, request_id }) => operation === 'mass/delete' && request_id === requestId),
    ).toMatchObject({ trace_id: traceId });
  });

  it('go on with the caller’s, and stand in problem documents', async () => {
    const traceId = 'c0ffee00c0ffee00c0ffee00c0ffee00';
    const parentId = '00f067aa0ba902b7';
    const traceparent = `00-${traceId}-${parentId}-01`;
    const refused = await deployment.ask('POST', '/v1/deletions', { merchant: 'wxnosuchaccount' }, { traceparent });
    expect(refused).toMatchObject({ status: 422, body: { code: 'target_missing', trace_id: traceId } });
    const accepted = await deployment.ask('POST', '/v1/deletions', aTarget(), { traceparent });
    await system.finished(accepted.body.id);
    const spans = await whole(traceId, 1, parentId);
    expect(new Set(spans.filter(({ kind }) => kind === KIND.server).map((span) => span.parentSpanId))).toEqual(
      new Set([parentId]),
    );
  });

  it('go on when a call is tried again', async () => {
    await system.control('POST', 'faults', { operation: 'mass/delete', outcome: 'errcode', errcode: -1, times: 1 });
    const { requestId, body } = await deployment.ask('POST', '/v1/deletions', aTarget());
    expect(await system.finished(body.id)).toMatchObject({ state: 'succeeded' });
    const asked = await deployment.line(({ message, request_id }) => message === 'request' && request_id === requestId);
    const spans = await whole(String(asked?.trace_id), 2);
    for (const span of spans) expect(pathOf(span, spans)[0]).toBe('retract-api: POST /v1/deletions');
  });

  it('tell of no housekeeping, of no probe, and of no secret', async () => {
    await fetch(`${deployment.url}/health/ready`);
    await fetch(`${deployment.url}/authorize/${PLATFORM.component_appid}?state=s3cret-state&auth_code=s3cret-code`);
    const { body } = await deployment.ask('POST', '/v1/deletions', aTarget());
    await system.finished(body.id);
    expect(await deployment.end()).toEqual([0, 0]);

    const roots = receiver.spans.filter(({ parentSpanId }) => parentSpanId === undefined);
    expect(roots.filter(({ kind }) => kind !== KIND.server && kind !== KIND.consumer)).toEqual([]);
    expect(receiver.spans.filter(({ name }) => /health|getNextJob/.test(name))).toEqual([]);
    const { component_appid: _public, ...platform } = PLATFORM;
    const secrets = [
      system.apiKey,
      system.environment.MASTER_KEYS ?? '',
      new URL(system.database.url).password,
      ...Object.values(platform),
      ...system.simulator.simulation.world.tokens.keys(),
      's3cret',
      'access_token',
    ].filter((secret) => secret !== '');
    expect(secrets.length).toBeGreaterThan(8);
    expect(secrets.filter((secret) => receiver.text.includes(secret))).toEqual([]);
  });
});

describe('traces of which callers decide', () => {
  let system: System;
  let receiver: OtlpReceiver;
  let hooks: WebhookReceiver;
  let deployment: Deployment;
  let targets: { merchant: string; msgId: string }[];

  beforeAll(async () => {
    system = await System.start({ env: { WEBHOOKS_ALLOW_PRIVATE: 'true' } });
    await system.registerPlatform();
    targets = await system.grantedMerchants(2);
    await system.stopWorker();
    [receiver, hooks] = [await OtlpReceiver.start(), await WebhookReceiver.start()];
    deployment = await Deployment.start(system, {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_BSP_SCHEDULE_DELAY: '200',
      OTEL_TRACES_SAMPLER: 'parentbased_always_off',
    });
    await deployment.ask('POST', '/v1/webhook-endpoints', { url: hooks.url(), event_types: ['deletion.*'] });
  });
  afterAll(async () => {
    await deployment.end();
    receiver.close();
    hooks.close();
    await system.close();
  });

  const traceparent = (traceId: string) => `00-${traceId}-00f067aa0ba902b7-01`;
  const idOf = (digit: string) => digit.repeat(32);
  const deleted = async (headers: Record<string, string>) => {
    const target = targets.pop();
    const wish = { merchant: target?.merchant, msg_id: target?.msgId, article_idx: 1 };
    const { body } = await deployment.ask('POST', '/v1/deletions', wish, headers);
    expect(await system.finished(body.id)).toMatchObject({ state: 'succeeded' });
  };

  it('are kept for those who show a key, and for no stranger', async () => {
    const strangers: [path: string, init: RequestInit][] = [
      [`/authorize/${PLATFORM.component_appid}`, { headers: { traceparent: traceparent(idOf('a')) } }],
      ['/v1/me', { headers: { traceparent: traceparent(idOf('b')) } }],
      ['/v1/me', { headers: { traceparent: traceparent(idOf('c')), authorization: `Bearer rk_${'x'.repeat(40)}` } }],
      ['/nothing', { headers: { traceparent: traceparent(idOf('d')) } }],
    ];
    for (const [path, init] of strangers) await fetch(deployment.url + path, init);
    // Their spans would have left before it, or with it.
    await deployment.ask('GET', '/v1/me', undefined, { traceparent: traceparent(idOf('e')) });
    const kept = await eventually(
      () => Promise.resolve(receiver.spans.filter(({ kind }) => kind === KIND.server)),
      (spans) => spans.some(({ traceId }) => traceId === idOf('e')),
    );
    expect(kept.map(({ traceId }) => traceId)).toEqual([idOf('e')]);
    expect(JSON.stringify(deployment.lines)).not.toMatch(/([abcd])\1{31}/);
  });

  it.each([
    ['are not kept', {}],
    ['are kept', { traceparent: traceparent(idOf('f')) }],
  ])('are told to nobody else where they %s', async (_what, headers) => {
    const before = hooks.received.length;
    await deleted(headers);
    const received = await eventually(
      () => Promise.resolve(hooks.received.slice(before)),
      (all) => all.some(({ event }) => event.type === 'deletion.succeeded'),
    );
    expect(received.filter((one) => 'traceparent' in one.headers)).toEqual([]);
  });
});

describe('without an address for traces', () => {
  let system: System;
  let target: { merchant: string; msgId: string } | undefined;

  beforeAll(async () => {
    system = await System.start();
    await system.registerPlatform();
    [target] = await system.grantedMerchants(1);
    await system.stopWorker();
  });
  afterAll(() => system.close());

  it('nothing of OpenTelemetry is loaded, and nothing is kept of traces', async () => {
    const deployment = await Deployment.start(system, {});
    const deletion = { merchant: target?.merchant, msg_id: target?.msgId, article_idx: 1 };
    const { body } = await deployment.ask('POST', '/v1/deletions', deletion);
    expect(await system.finished(body.id)).toMatchObject({ state: 'succeeded' });
    expect(await deployment.modules()).toEqual([0, 0]);
    expect(await system.sql('SELECT traceparent FROM deletions')).toEqual([{ traceparent: null }]);
    expect((await deployment.ask('GET', '/v1/deletions/none')).body).not.toHaveProperty('trace_id');
    expect(deployment.lines.filter((line) => 'trace_id' in line)).toEqual([]);
    await deployment.end();

    const receiver = await OtlpReceiver.start();
    const traced = await Deployment.start(system, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
    for (const count of await traced.modules()) expect(count).toBeGreaterThan(50);
    // Nobody takes the last spans: the end does not wait for that.
    receiver.close();
    expect(await traced.end()).toEqual([0, 0]);
  });
});
