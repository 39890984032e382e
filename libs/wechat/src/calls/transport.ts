import { errors, Pool } from 'undici';
import type { z } from 'zod';
import {
  ConnectFailed,
  errorForErrcode,
  PlatformBroken,
  Refused,
  splitErrmsg,
  UnknownOutcome,
  WechatError,
  type CallFacts,
  type UnknownOutcomeReason,
  type WechatErrorCode,
} from './errors.js';
import { exchange, NoAnswer, type HttpAnswer } from './exchange.js';
import { HostOrder } from './host-order.js';
import { hasUnicodeEscapes, parseJson, writeJson } from './json.js';

export interface WechatTransportOptions {
  /** https://api.weixin.qq.com, or whatever stands in for it; a path in front is kept. */
  baseUrl: string;
  /** Other addresses of the same WeChat, tried in this order with a call that the first did not take. */
  fallbackUrls?: readonly string[];
  /** Connections kept at most to each host; calls beyond wait for a free one. */
  connections?: number;
  connectTimeoutMs?: number;
  /** From the request leaving to the answer's headers. */
  headersTimeoutMs?: number;
  /** Between two pieces of the answer's body. */
  bodyTimeoutMs?: number;
  /** The time for which a host that did not connect is tried last. */
  hostDownMs?: number;
  /** Told of every call, also failed ones, before the caller is. Must not throw. */
  onCall?: (record: CallRecord) => void;
}

/** The facts of a call that may be logged and stored: no token, no body. */
export interface CallRecord {
  operation: string;
  /** The address without the query, which holds the token. */
  path: string;
  /** Name and port of the host that answered, or was to answer last. */
  host: string;
  /** Hosts that were tried before it and did not connect. */
  unreachableHosts: string[];
  httpStatus: number | undefined;
  errcode: number | undefined;
  errmsg: string | undefined;
  rid: string | undefined;
  latencyMs: number;
  outcome: 'done' | WechatErrorCode;
}

export interface WechatCall<Answer> {
  /** Names the call in errors and records. */
  operation: string;
  method: 'GET' | 'POST';
  path: string;
  /** The token goes here, as `access_token`. */
  query?: Record<string, string>;
  /** Sent as JSON; a bigint goes out as a JSON number with all its digits. */
  body?: Record<string, unknown>;
  /** The fields that a successful answer must have. It is parsed loosely: WeChat adds fields. */
  answer: z.ZodType<Answer>;
  signal?: AbortSignal | undefined;
}

/** WeChat's own answers stay far below; api_get_authorizer_list with 500 accounts has some 150 kB. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const MAX_ERRMSG_LENGTH = 500;
/**
 * No further host is tried after so long: whoever wrote a call down before making it has only so long until somebody
 * else takes it for lost. The next call begins with the hosts that were not reached.
 */
const STOP_TRYING_HOSTS_MS = 8_000;

interface Host {
  name: string;
  basePath: string;
  pool: Pool;
}

/** What an answer says about WeChat's clock, and by which times of ours it was asked and answered. */
export interface ClockTold {
  /** By its Date header, which has whole seconds; ms. */
  wechatAt: number;
  askedAt: number;
  answeredAt: number;
}

/** The host that a call went to. */
type Route = Pick<CallRecord, 'host' | 'unreachableHosts'>;

/** Calls WeChat's HTTP API over kept connections and turns every failure into a WechatError. */
export class WechatTransport {
  private readonly hosts: Host[];
  private readonly order: HostOrder<Host>;
  private readonly onCall: (record: CallRecord) => void;
  private clock: ClockTold | undefined;

  constructor({
    baseUrl,
    fallbackUrls = [],
    connections = 64,
    connectTimeoutMs = 5_000,
    headersTimeoutMs = 15_000,
    bodyTimeoutMs = 15_000,
    hostDownMs = 30_000,
    onCall = () => {},
  }: WechatTransportOptions) {
    this.hosts = [baseUrl, ...fallbackUrls].map((address) => {
      const url = new URL(address);
      const pool = new Pool(url.origin, {
        connections,
        connect: { timeout: connectTimeoutMs },
        headersTimeout: headersTimeoutMs,
        bodyTimeout: bodyTimeoutMs,
        maxResponseSize: MAX_ANSWER_BYTES,
      });
      return { name: url.host, basePath: url.pathname.replace(/\/+$/, ''), pool };
    });
    this.order = new HostOrder(this.hosts, hostDownMs);
    this.onCall = onCall;
  }

  /**
   * A call that no byte has left of goes to the next host; one that may have been received goes nowhere else.
   * @throws {ConnectFailed} it certainly never left, for any host
   * @throws {UnknownOutcome} it left, and what became of it is not known: timeout, reset, HTTP 5xx, an answer that is
   * not JSON or lacks what was asked for, errcode −1 and its like
   * @throws {WechatError} WeChat answered with an errcode
   */
  async call<Answer>(call: WechatCall<Answer>): Promise<Answer> {
    const startedAt = performance.now();
    const facts: CallFacts = { operation: call.operation };
    const route: Route = { host: '', unreachableHosts: [] };
    const record = (outcome: CallRecord['outcome']) =>
      this.onCall({
        operation: call.operation,
        path: call.path,
        ...route,
        httpStatus: facts.httpStatus,
        errcode: facts.errcode,
        errmsg: facts.errmsg,
        rid: facts.rid,
        latencyMs: Math.round(performance.now() - startedAt),
        outcome,
      });
    try {
      const answer = readAnswer(await this.send(call, facts, route), call, facts);
      record('done');
      return answer;
    } catch (error) {
      if (error instanceof WechatError) record(error.code);
      throw error;
    }
  }

  /** WeChat's clock, as the last answer told it; undefined where none did yet. */
  get clockTold(): ClockTold | undefined {
    return this.clock;
  }

  /** Waits for calls under way. */
  async close(): Promise<void> {
    await Promise.all(this.hosts.map(({ pool }) => pool.close()));
  }

  private async send(call: WechatCall<unknown>, facts: CallFacts, route: Route): Promise<HttpAnswer> {
    const json = call.body && writeJson(call.body);
    if (json && hasUnicodeEscapes(json)) {
      throw new Refused(facts, 'not sent: text holds characters that WeChat refuses (47002)');
    }
    const startedAt = performance.now();
    let cause: unknown;
    for (const host of this.order.tries(startedAt)) {
      if (cause !== undefined) {
        if (performance.now() - startedAt > STOP_TRYING_HOSTS_MS) break;
        route.unreachableHosts.push(route.host);
      }
      route.host = host.name;
      try {
        const answer = await this.sendTo(host, call, json);
        this.order.reached(host);
        return answer;
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        cause = withoutData(error.cause);
        if (error.wasSent) {
          this.order.reached(host);
          throw new UnknownOutcome({ ...facts, cause }, reasonFor(error.cause, call.signal));
        }
        if (call.signal?.aborted) throw new ConnectFailed({ ...facts, cause }, 'not sent: aborted');
        if (host.pool.closed) break;
        this.order.missed(host, performance.now());
      }
    }
    throw new ConnectFailed({ ...facts, cause }, 'not sent: no connection');
  }

  private async sendTo(host: Host, call: WechatCall<unknown>, json: string | undefined): Promise<HttpAnswer> {
    const query = new URLSearchParams(call.query).toString();
    const askedAt = Date.now();
    const answer = await exchange(
      host.pool,
      {
        method: call.method,
        path: `${host.basePath}${call.path}${query && `?${query}`}`,
        headers: { accept: 'application/json', ...(json && { 'content-type': 'application/json; charset=utf-8' }) },
        // A Buffer gives a Content-Length; WeChat answers 412 to a chunked body.
        body: json ? Buffer.from(json) : null,
      },
      call.signal,
    );
    const wechatAt = Date.parse(answer.date ?? '');
    if (!Number.isNaN(wechatAt)) this.clock = { wechatAt, askedAt, answeredAt: Date.now() };
    return answer;
  }
}

/** Fills `facts` with what the answer says. */
function readAnswer<Answer>({ status, body }: HttpAnswer, call: WechatCall<Answer>, facts: CallFacts): Answer {
  facts.httpStatus = status;
  const fields = jsonObject(body);
  const errcode = fields && toErrcode(fields['errcode']);
  if (errcode !== undefined) {
    // NUL is removed: no row can hold it.
    const raw = typeof fields?.['errmsg'] === 'string' ? fields['errmsg'].replaceAll('\0', '') : '';
    Object.assign(facts, { errcode }, splitErrmsg(redact(raw, call).slice(0, MAX_ERRMSG_LENGTH)));
  }
  if (status >= 500) throw new UnknownOutcome(facts, 'server_error');
  if (!fields) throw new UnknownOutcome(facts, 'not_json');
  if (errcode !== undefined && errcode !== 0) throw errorForAnswer({ ...facts, errcode }, call);
  // Answers that give a token have no errcode when all is well; a gateway's own error page has none either.
  if (status !== 200) throw new UnknownOutcome(facts, 'malformed');

  const parsed = call.answer.safeParse(errcode === undefined ? fields : { ...fields, errcode });
  if (parsed.success) return parsed.data;
  // Names only, and not zod's error as the cause: that may quote what was received.
  const missing = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
  facts.errmsg = `answer lacks ${missing}`.slice(0, MAX_ERRMSG_LENGTH);
  throw new UnknownOutcome(facts, 'malformed');
}

function errorForAnswer(facts: CallFacts & { errcode: number }, call: WechatCall<unknown>): WechatError {
  const error = errorForErrcode(facts);
  // 40001 also means "app secret wrong", and that is what it means where no token was sent: none can be refreshed.
  if (error.code === 'credential_expired' && !call.query?.['access_token']) return new PlatformBroken(facts);
  return error;
}

function jsonObject(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value = parseJson(new TextDecoder().decode(body));
    // parseJson yields plain JSON values: an object that is no array is a record.
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined for what cannot be one: such an answer is taken for no answer. */
function toErrcode(value: unknown): number | undefined {
  const code = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof code === 'number' && Number.isInteger(code) && Math.abs(code) < 2 ** 31 ? code : undefined;
}

/** errmsg is WeChat's text; should it ever repeat what we sent, it shall not carry a secret further. */
function redact(text: string, { query, body }: WechatCall<unknown>): string {
  const secrets = Object.entries({ ...body, ...query })
    .filter(([name]) => /token|secret|ticket|code/.test(name))
    .map(([, value]) => value)
    .filter((value) => typeof value === 'string' && value !== '');
  return secrets
    .reduce<string>((clean, secret) => clean.replaceAll(String(secret), '[redacted]'), text)
    .replace(/\b(ticket|preauthcode|queryauthcode|refreshtoken)@@@\S+/g, '[redacted]');
}

/** undici's parser error holds the bytes it stumbled over, and those may be an answer with a token. */
function withoutData(cause: unknown): unknown {
  return cause instanceof errors.HTTPParserError ? new Error(cause.message) : cause;
}

function reasonFor(cause: unknown, signal: AbortSignal | undefined): UnknownOutcomeReason {
  if (signal?.aborted) return 'aborted';
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  switch (code) {
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return 'timeout';
    case 'UND_ERR_RES_EXCEEDED_MAX_SIZE':
      return 'too_large';
    default:
      return 'connection_lost';
  }
}
