import { Logger } from '@nestjs/common';
import { stringify } from 'lossless-json';
import type { Call } from '../state/call-log.js';
import type { Fault } from '../behaviour/faults.js';
import { errmsgOf, Refusal } from '../state/refusal.js';
import type { Simulation } from '../simulation/simulation.js';
import { readBody, type JsonObject } from './body.js';
import { componentOperations, refuseLimited } from './component-operations.js';
import { diagnosticOperations } from './diagnostic-operations.js';
import { messageOperations } from './message-operations.js';
import type { Answer, OpenApiCall, Operation } from './operation.js';

export interface HttpCall {
  method: string;
  path: string;
  query: Readonly<Record<string, unknown>>;
  body: unknown;
  clientIp: string;
}

/** What happens to the connection. */
export type Outcome = { status: number; text: string } | 'silence' | 'reset';

const log = new Logger('OpenApi');

/**
 * api.weixin.qq.com: checks each call in WeChat's order (method, token, address, account, permission set, quota, body),
 * lets faults strike, and writes the log.
 */
export class Gateway {
  private readonly operations = new Map<string, Operation>();

  constructor(private readonly simulation: Simulation) {
    const all = [
      ...componentOperations,
      ...messageOperations,
      ...diagnosticOperations((path) => this.operations.get(path)),
    ];
    for (const operation of all) for (const path of operation.paths) this.operations.set(path, operation);
  }

  async answer(http: HttpCall): Promise<Outcome> {
    const startedAt = performance.now();
    const operation = this.operations.get(http.path);
    const context = new CallContext(operation?.name ?? 'unknown');
    let answer: Answer;
    try {
      if (!operation) throw new Refusal(40066);
      answer = this.perform(operation, http, context);
    } catch (error) {
      answer = refusalOf(error);
    }
    const latencyMs = this.simulation.latencies.nextMs(context.operation) + (context.fault?.delay_ms ?? 0);
    if (latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, latencyMs));
    return this.conclude(http, context, answer, startedAt);
  }

  /** A call that the web server in front of WeChat turns away, for it has no length. */
  refuseChunked(http: HttpCall): void {
    const operation = this.operations.get(http.path)?.name ?? 'unknown';
    this.simulation.callLog.add({ ...this.entry(http, new CallContext(operation)), httpStatus: 412 });
  }

  private perform(operation: Operation, http: HttpCall, context: CallContext): Answer {
    const { simulation } = this;
    const method = operation.method ?? 'POST';
    if (http.method !== method) throw new Refusal(method === 'POST' ? 43002 : 43001);

    const call: OpenApiCall = { simulation, query: http.query, clientIp: http.clientIp, body: {} };
    const work = this.admit(operation, http, call, context);
    if (method === 'POST' && !context.isQueryOnly(http)) call.body = readBody(http.body);
    context.readNames(call.body);

    const fault = simulation.faults.take(operation.name, context.componentAppid, context.authorizerAppid);
    context.fault = fault;
    if (!fault) return work();
    if (fault.takes_effect) ignoreRefusal(work);
    return { errcode: fault.errcode, errmsg: fault.errmsg ?? errmsgOf(fault.errcode) };
  }

  /** Checks token, address, account, sets and quota; returns the work that is left to do. */
  private admit(operation: Operation, http: HttpCall, call: OpenApiCall, context: CallContext): () => Answer {
    const { simulation } = this;
    if (operation.token === 'none') return () => operation.handle(call);

    context.token = tokenOf(http.query);
    if (context.token === undefined) throw new Refusal(41001);
    const { owner } = simulation.credentials.check(context.token);
    const platform = owner.platform ?? owner.grant.platform;
    context.componentAppid = platform.componentAppid;
    context.authorizerAppid = owner.grant?.merchant.appid;
    if (operation.token === 'component' && owner.grant) throw new Refusal(61014);
    if (operation.token === 'authorizer' && !owner.grant) throw new Refusal(61015);
    simulation.checkAddress(platform, http.clientIp);

    if (!owner.grant) {
      simulation.charge(platform.counters, operation.name);
      if (operation.token === 'component') return () => operation.handle({ ...call, platform });
      if (operation.token === 'either') return () => operation.handle({ ...call, platform, grant: undefined });
      throw new Refusal(61015);
    }
    const { grant } = owner;
    const { merchant } = grant;
    if (!grant.isActive) throw new Refusal(61003);
    if (merchant.hasChangedPassword) throw new Refusal(42007);
    refuseLimited(merchant);
    if (operation.permissionSets && !operation.permissionSets.some((set) => grant.permissionSets.includes(set))) {
      throw new Refusal(61007);
    }
    const isOwned = !operation.isForVerified || (merchant.kind === 'official' && merchant.verifyType >= 0);
    if (!isOwned || merchant.deniedOperations.has(operation.name)) throw new Refusal(48001);
    simulation.charge(merchant.counters, operation.name);
    if (operation.token === 'authorizer') return () => operation.handle({ ...call, grant });
    if (operation.token === 'either') return () => operation.handle({ ...call, platform, grant });
    throw new Refusal(61014);
  }

  private conclude(http: HttpCall, context: CallContext, answer: Answer, startedAt: number): Outcome {
    const { fault } = context;
    const entry = this.entry(http, context);
    entry.latencyMs = performance.now() - startedAt;
    let outcome: Outcome;
    if (!fault || fault.outcome === 'errcode') {
      const body = this.withRid(answer, entry);
      entry.httpStatus = 200;
      entry.errcode = Number(answer['errcode'] ?? 0);
      entry.responseBody = body;
      outcome = { status: 200, text: stringify(body) ?? '' };
    } else {
      outcome = faultOutcome(fault);
      entry.httpStatus = typeof outcome === 'string' ? undefined : outcome.status;
    }
    this.simulation.callLog.add(entry);
    return outcome;
  }

  private entry(http: HttpCall, context: CallContext): Omit<Call, 'seq'> {
    return {
      at: this.simulation.timeline.now(),
      operation: context.operation,
      method: http.method,
      path: http.path,
      componentAppid: context.componentAppid,
      authorizerAppid: context.authorizerAppid,
      token: context.token,
      clientIp: http.clientIp,
      requestBody: context.body,
      httpStatus: undefined,
      errcode: undefined,
      responseBody: undefined,
      rid: '',
      latencyMs: 0,
      fault: context.fault && describe(context.fault),
    };
  }

  /** Errors end in ` rid: …`: seconds in hex, then two random parts. */
  private withRid(answer: Answer, entry: Omit<Call, 'seq'>): Answer {
    const errcode = answer['errcode'];
    if (errcode === undefined || errcode === 0) return answer;
    const { random, timeline } = this.simulation;
    const time = Math.floor(timeline.now() / 1000)
      .toString(16)
      .padStart(8, '0');
    entry.rid = `${time.slice(-8)}-${random.hex(8)}-${random.hex(8)}`;
    return { ...answer, errmsg: `${String(answer['errmsg'])} rid: ${entry.rid}` };
  }
}

/** What a call turns out to be about, for faults and the log. */
class CallContext {
  componentAppid: string | undefined;
  authorizerAppid: string | undefined;
  token: string | undefined;
  body: JsonObject | undefined;
  fault: Fault | undefined;

  constructor(readonly operation: string) {}

  /** `component/clear_quota/v2` may bring everything in the query. */
  isQueryOnly(http: HttpCall): boolean {
    return this.operation === 'component/clear_quota/v2' && !(Buffer.isBuffer(http.body) && http.body.length > 0);
  }

  readNames(body: JsonObject): void {
    this.body = body;
    const { component_appid: component, authorizer_appid: authorizer } = body;
    if (typeof component === 'string') this.componentAppid ??= component;
    if (typeof authorizer === 'string') this.authorizerAppid ??= authorizer;
  }
}

/** New pages name the parameter access_token, old ones component_access_token; WeChat takes both. */
function tokenOf(query: Readonly<Record<string, unknown>>): string | undefined {
  const value = query['access_token'] ?? query['component_access_token'];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function refusalOf(error: unknown): Answer {
  if (error instanceof Refusal) return { errcode: error.errcode, errmsg: error.message, ...error.more };
  log.error(error);
  return { errcode: -1, errmsg: errmsgOf(-1) };
}

function ignoreRefusal(work: () => Answer): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
}

function faultOutcome(fault: Fault): Outcome {
  switch (fault.outcome) {
    case 'timeout':
      return 'silence';
    case 'reset':
      return 'reset';
    case 'http':
      return { status: fault.http_status, text: `<html><body><h1>${fault.http_status}</h1></body></html>` };
    case 'garbage':
      return { status: 200, text: '<html><body>502 Bad Gateway</body></html>' };
    case 'errcode':
      throw new Error('an errcode is answered like any other');
  }
}

const describe = ({ id, outcome, takes_effect }: Fault): string =>
  `#${id} ${outcome}${takes_effect ? ' after effect' : ''}`;
