import { Logger } from '@nestjs/common';
import { createLogger, currentRequestId, newRequestId, runWithRequestId, withoutStack } from './index.js';
import { PlainFacts } from './logger.js';

const secret = 'S3cr3t-value_0123456789';

describe('the logger', () => {
  let lines: string[];

  beforeEach(() => {
    lines = [];
    const capture = (chunk: unknown) => lines.push(String(chunk)) > 0;
    jest.spyOn(process.stdout, 'write').mockImplementation(capture);
    jest.spyOn(process.stderr, 'write').mockImplementation(capture);
  });
  afterEach(() => jest.restoreAllMocks());

  const records = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);

  it('writes one line of JSON, facts as fields', () => {
    createLogger({ level: 'info' }).log('token refreshed', { authorizer_appid: 'wx1', expires_in_s: 7200 }, 'Tokens');

    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^\{.*\}\n$/);
    expect(records()[0]).toMatchObject({
      level: 'info',
      message: 'token refreshed',
      context: 'Tokens',
      authorizer_appid: 'wx1',
      expires_in_s: 7200,
    });
    expect(records()[0]).not.toHaveProperty('request_id');
    expect(records()[0]).not.toHaveProperty('trace_id');
    expect(records()[0]?.timestamp).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  });

  it('has errors as fields, wherever they were given, and no stack in a message', () => {
    const logger = createLogger({ level: 'info' });
    const error = new RangeError('too far');
    const fields = { type: 'RangeError', message: 'too far', stack_trace: expect.stringContaining('at ') };
    logger.error(error);
    logger.error('a walk failed', error);
    logger.warn('a walk failed', { error, steps: 3 });
    logger.warn('a walk failed', { error: withoutStack(error) });
    logger.warn('a walk failed', { error: 'too far' });
    logger.error('a walk failed', error.stack, 'Walks');
    expect(records()).toMatchObject([
      { message: 'too far', error: fields },
      { message: 'a walk failed', error: fields },
      { message: 'a walk failed', error: fields, steps: 3 },
      { message: 'a walk failed', error: { type: 'RangeError', message: 'too far' } },
      { message: 'a walk failed', error: { message: 'too far' } },
      { message: 'a walk failed', error: { stack_trace: fields.stack_trace }, context: 'Walks' },
    ]);
    expect(records()[3]?.error).not.toHaveProperty('stack_trace');
    for (const record of records()) expect(record).not.toHaveProperty('stack');
  });

  it('leaves out the stack of what was foreseen and mends itself', () => {
    const isForeseen = (error: unknown) => error instanceof RangeError;
    const logger = createLogger({ level: 'info', isForeseen });
    logger.warn('next look soon', { error: new RangeError('away') });
    logger.warn('next look soon', { error: new TypeError('a mistake of ours') });
    logger.fatal('the process ends', { error: new RangeError('away') });
    const stack_trace = expect.stringContaining('at ');
    expect(records().map(({ error }) => error)).toEqual([
      { type: 'RangeError', message: 'away' },
      { type: 'TypeError', message: 'a mistake of ours', stack_trace },
      { type: 'RangeError', message: 'away', stack_trace },
    ]);
  });

  it('writes plain facts as they are, if its level lets it', () => {
    const facts = new PlainFacts({ status: 200, ms: 1.5, key_id: undefined, request_id: 'given' });
    runWithRequestId('outer', () => createLogger({ level: 'info' }).log('request', facts, 'Requests'));
    createLogger({ level: 'warn' }).log('request', facts, 'Requests');
    expect(lines).toHaveLength(1);
    expect(records()).toEqual([
      {
        timestamp: expect.any(String),
        level: 'info',
        message: 'request',
        context: 'Requests',
        pid: process.pid,
        status: 200,
        ms: 1.5,
        request_id: 'given',
      },
    ]);
  });

  it('has a message that is a text, and lets no fact take its place', () => {
    const logger = createLogger({ level: 'info' });
    logger.log({ some: 'object' });
    logger.log(undefined);
    logger.log('told', { message: 'another', level: 'fatal', pid: 0, timestamp: 'never' });
    expect(records().map(({ message }) => message)).toEqual(['{"some":"object"}', 'undefined', 'told']);
    expect(records()[2]).toMatchObject({ level: 'info', pid: process.pid });
  });

  it.each([
    ['fatal', ['fatal']],
    ['warn', ['fatal', 'error', 'warn']],
    ['verbose', ['fatal', 'error', 'warn', 'info', 'debug', 'verbose']],
  ] as const)('at level %s writes %j', (level, expected) => {
    const logger = createLogger({ level });
    for (const name of ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'] as const) logger[name](name);
    expect(records().map((record) => record.level)).toEqual(expected);
  });

  it('leaves what Nest throws to whoever started it', () => {
    const logger = createLogger({ level: 'info' });
    logger.error(new Error('a module was not made'), undefined, 'ExceptionHandler');
    logger.error('a request failed', { code: 'x' }, 'ExceptionsHandler');
    expect(records()).toMatchObject([{ message: 'a request failed', code: 'x' }]);
  });

  it('adds the request id of where it was written', async () => {
    const logger = createLogger({ level: 'info' });
    await Promise.all(
      ['one', 'two'].map((id) =>
        runWithRequestId(id, async () => {
          await Promise.resolve();
          logger.log(`from ${id}`);
        }),
      ),
    );
    expect(records()).toMatchObject([
      { message: 'from one', request_id: 'one' },
      { message: 'from two', request_id: 'two' },
    ]);
    expect(currentRequestId()).toBeUndefined();
  });

  it('keeps a request id that the line itself gives', () => {
    runWithRequestId('outer', () => createLogger({ level: 'info' }).log('job done', { request_id: 'of the job' }));
    expect(records()).toMatchObject([{ request_id: 'of the job' }]);
  });

  it.each([
    'access_token',
    'authorizerRefreshToken',
    'component_appsecret',
    'componentVerifyTicket',
    'auth_code',
    'encodingAesKey',
    'Authorization',
    'password',
    'state',
    'masterKeys',
  ])('redacts the field %s at any depth', (key) => {
    createLogger({ level: 'info' }).log('told', { [key]: secret, within: [{ deep: { [key]: secret } }] });
    expect(lines.join('')).not.toContain(secret);
    expect(records()).toMatchObject([{ message: 'told', [key]: '[REDACTED]' }]);
  });

  it('takes secrets out of messages, stacks, causes and fields', () => {
    const logger = createLogger({ level: 'info' });
    const error = new Error(`GET /x?access_token=${secret} failed`, { cause: new Error(`ticket@@@${secret}`) });

    logger.error(error);
    logger.error('call failed', error.stack);
    logger.error('call failed', { error });
    logger.warn(`connecting to postgres://u:${secret}@h/db`, { upstream: `{"refresh_token":"${secret}"}` });
    logger.log({ authorization: `Bearer ${secret}`, url: `/callback?auth_code=${secret}` });

    expect(lines).toHaveLength(5);
    expect(lines.join('')).not.toContain(secret);
    expect(records()).toHaveLength(5);
  });

  it('serves the loggers that Nest classes make for themselves', () => {
    Logger.overrideLogger(createLogger({ level: 'info' }));
    try {
      new Logger('Inbox').log('push accepted', { info_type: 'component_verify_ticket', ticket: secret });
    } finally {
      Logger.overrideLogger(false);
    }
    expect(records()).toMatchObject([{ message: 'push accepted', context: 'Inbox', ticket: '[REDACTED]' }]);
  });
});

describe('request ids', () => {
  it('are UUIDs, no two alike', () => {
    const ids = Array.from({ length: 100 }, newRequestId);
    expect(new Set(ids).size).toBe(100);
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('reach what runs later within', async () => {
    const seen = await runWithRequestId('here', async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return currentRequestId();
    });
    expect(seen).toBe('here');
  });
});
