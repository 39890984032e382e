import { withoutSecrets, type Call } from '../state/call-log.js';
import type { OperationName } from '../behaviour/operation-names.js';
import { Refusal } from '../state/refusal.js';
import { shanghaiMonth } from '../state/timeline.js';
import type { Merchant } from '../state/world.js';
import { textOf } from './body.js';
import { OK, type Answer, type EitherCall, type OpenApiCall, type Operation } from './operation.js';

const CLEARS_A_MONTH = 10;
const RID = /^[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$/;
const RID_LIFETIME_MS = 7 * 86_400_000;

/**
 * Quotas, request ids, addresses.
 * https://developers.weixin.qq.com/doc/oplatform/openApi/openapi/api_getapiquota.html and its siblings
 */
export function diagnosticOperations(operationAt: (path: string) => Operation | undefined): readonly Operation[] {
  return [
    {
      name: 'openapi/quota/get',
      paths: ['/cgi-bin/openapi/quota/get'],
      token: 'either',
      handle: (call) => {
        const operation = namedOperation(call, operationAt);
        const { dailyLimit, used, remain, minuteLimit } = call.simulation.quotas.usage(
          countersOf(call),
          operation.name,
          call.simulation.timeline.now(),
        );
        return {
          ...OK,
          quota: { daily_limit: dailyLimit, used, remain },
          ...(minuteLimit === Infinity ? {} : { rate_limit: { call_count: minuteLimit, refresh_second: 60 } }),
        };
      },
    },
    {
      name: 'openapi/quota/clear',
      paths: ['/cgi-bin/openapi/quota/clear'],
      token: 'either',
      handle: (call) => {
        const operation = namedOperation(call, operationAt);
        call.simulation.quotas.clear(countersOf(call), operation.name);
        return OK;
      },
    },
    { name: 'clear_quota', paths: ['/cgi-bin/clear_quota'], token: 'either', handle: clearQuota },
    {
      name: 'component/clear_quota/v2',
      paths: ['/cgi-bin/component/clear_quota/v2'],
      token: 'none',
      handle: componentClearQuota,
    },
    { name: 'openapi/rid/get', paths: ['/cgi-bin/openapi/rid/get'], token: 'either', handle: getRid },
    { ...addresses('getcallbackip'), handle: () => ({ ip_list: ['127.0.0.1', '::1'] }) },
    { ...addresses('get_api_domain_ip'), handle: () => ({ ip_list: ['127.0.0.1'] }) },
    { name: 'callback/check', paths: ['/cgi-bin/callback/check'], token: 'either', handle: callbackCheck },
    { name: 'token', paths: ['/cgi-bin/token'], method: 'GET', token: 'none', handle: ownToken },
  ];
}

const addresses = (name: OperationName) =>
  ({ name, paths: [`/cgi-bin/${name}`], method: 'GET', token: 'either' }) as const;

/** The operation that `cgi_path` names. The token must be of the kind that the operation takes. */
function namedOperation(call: EitherCall, operationAt: (path: string) => Operation | undefined): Operation {
  const path = textOf(call.body, 'cgi_path') ?? '';
  if (path.startsWith('/sns/')) throw new Refusal(76022);
  const operation = operationAt(path);
  if (!operation) throw new Refusal(76021);
  const kind = call.grant ? 'authorizer' : 'component';
  const takes = operation.name === 'api_component_token' ? 'component' : operation.token;
  if (takes !== 'either' && takes !== kind) throw new Refusal(76022);
  return operation;
}

const countersOf = ({ platform, grant }: EitherCall) => (grant ? grant.merchant.counters : platform.counters);

function clearQuota({ simulation, platform, grant, body }: EitherCall): Answer {
  const appid = textOf(body, 'appid');
  if (appid !== (grant?.merchant.appid ?? platform.componentAppid)) throw new Refusal(40013);
  if (grant) spendClear(simulation, grant.merchant);
  simulation.quotas.clear(grant ? grant.merchant.counters : platform.counters);
  return OK;
}

/** Without a token: the platform's secret speaks for it. Without `appid` it is the platform's own counters. */
function componentClearQuota({ simulation, body, query, clientIp }: OpenApiCall): Answer {
  const field = (name: string) => textOf(body, name) ?? textOf(query, name);
  const componentAppid = field('component_appid');
  if (componentAppid === undefined) throw new Refusal(41002);
  const platform = simulation.world.platforms.get(componentAppid);
  if (!platform) throw new Refusal(40013);
  const secret = field('appsecret');
  if (secret === undefined) throw new Refusal(41004);
  if (secret !== platform.appSecret) throw new Refusal(40125);
  simulation.checkAddress(platform, clientIp);
  const appid = field('appid') ?? componentAppid;
  if (appid === componentAppid) {
    simulation.quotas.clear(platform.counters);
    return OK;
  }
  const grant = platform.grants.get(appid);
  if (!grant?.isActive) throw new Refusal(43007);
  spendClear(simulation, grant.merchant);
  simulation.quotas.clear(grant.merchant.counters);
  return OK;
}

/** Ten a month for each account, by whichever of the ways; only for verified accounts. */
function spendClear(simulation: OpenApiCall['simulation'], merchant: Merchant): void {
  const month = shanghaiMonth(simulation.timeline.now());
  if (merchant.verifyType === -1) throw new Refusal(48001);
  if (merchant.clears.month !== month) merchant.clears = { month, used: 0 };
  if (merchant.clears.used >= CLEARS_A_MONTH) throw new Refusal(48006);
  merchant.clears.used++;
}

function getRid({ simulation, platform, grant, body }: EitherCall): Answer {
  const rid = textOf(body, 'rid') ?? '';
  if (!RID.test(rid)) throw new Refusal(76002);
  const call = simulation.callLog.findByRid(rid);
  if (!call) throw new Refusal(76001);
  const isOwn = grant ? call.authorizerAppid === grant.merchant.appid : call.componentAppid === platform.componentAppid;
  if (!isOwn) throw new Refusal(76003);
  if (simulation.timeline.now() - call.at > RID_LIFETIME_MS) throw new Refusal(76004);
  return { ...OK, request: ridReport(call) };
}

const ridReport = (call: Call) => ({
  invoke_time: Math.floor(call.at / 1000),
  cost_in_ms: Math.round(call.latencyMs),
  request_url: 'access_token=***',
  request_body: JSON.stringify(withoutSecrets(call.requestBody) ?? {}),
  response_body: JSON.stringify(withoutSecrets(call.responseBody) ?? {}),
  client_ip: call.clientIp,
});

const ACTIONS = ['dns', 'ping', 'all'];
const OPERATORS = ['CHINANET', 'UNICOM', 'CAP', 'DEFAULT'];

function callbackCheck({ platform, body }: EitherCall): Answer {
  const action = textOf(body, 'action') ?? '';
  const operator = textOf(body, 'check_operator') ?? '';
  if (!ACTIONS.includes(action)) throw new Refusal(40202);
  if (!OPERATORS.includes(operator)) throw new Refusal(40203);
  if (!platform.messagesUrl) throw new Refusal(40201);
  const dns = [{ ip: '127.0.0.1', real_operator: operator === 'DEFAULT' ? 'CAP' : operator }];
  const ping = [{ ip: '127.0.0.1', from_operator: 'CAP', package_loss: '0%', time: '0.100ms' }];
  return { ...(action === 'ping' ? {} : { dns }), ...(action === 'dns' ? {} : { ping }) };
}

/** The token of an account's own: a platform that asks here is told where to ask. */
function ownToken({ simulation, query }: OpenApiCall): Answer {
  const appid = query['appid'];
  if (typeof appid !== 'string' || appid === '') throw new Refusal(41002);
  if (simulation.world.platforms.has(appid)) throw new Refusal(61024);
  throw new Refusal(simulation.world.merchants.has(appid) ? 40125 : 40013);
}
