import type { OperationName } from '../behaviour/operation-names.js';
import { Refusal } from '../state/refusal.js';
import { seconds } from '../state/timeline.js';
import type { Grant, Merchant, Platform } from '../state/world.js';
import { integerOf, textOf, type JsonObject } from './body.js';
import { OK, type Answer, type ComponentCall, type OpenApiCall, type Operation } from './operation.js';

const component = (name: OperationName) => ({ name, paths: [`/cgi-bin/component/${name}`] });

/** https://developers.weixin.qq.com/doc/oplatform/openApi/ticket-token/ and …/authorization-management/ */
export const componentOperations: readonly Operation[] = [
  { ...component('api_start_push_ticket'), token: 'none', handle: startPushTicket },
  { ...component('api_component_token'), token: 'none', handle: componentToken },
  { ...component('api_create_preauthcode'), token: 'component', handle: createPreAuthCode },
  { ...component('api_query_auth'), token: 'component', handle: queryAuth },
  { ...component('api_authorizer_token'), token: 'component', handle: authorizerToken },
  { ...component('api_get_authorizer_info'), token: 'component', handle: getAuthorizerInfo },
  { ...component('api_get_authorizer_list'), token: 'component', handle: getAuthorizerList },
  { ...component('api_get_authorizer_option'), token: 'component', handle: getOptionByComponent },
  { ...component('api_set_authorizer_option'), token: 'component', handle: setOptionByComponent },
  {
    ...component('get_authorizer_option'),
    token: 'either',
    handle: ({ grant, body, simulation, platform }) =>
      getOption((grant ?? namedGrant(simulation, platform, body)).merchant, body),
  },
  {
    ...component('set_authorizer_option'),
    token: 'either',
    handle: ({ grant, body, simulation, platform }) =>
      setOption((grant ?? namedGrant(simulation, platform, body)).merchant, body),
  },
];

function startPushTicket({ simulation, body, clientIp }: OpenApiCall): Answer {
  const platform = platformBySecret(simulation.world.platforms, body, 'component_secret');
  simulation.checkAddress(platform, clientIp);
  // Pushes that failed count as out of order too: this is how a platform asks for its ticket after a late start.
  if (!platform.isTicketPushed || platform.ticketFailures > 0) simulation.tickets.start(platform);
  return OK;
}

function componentToken({ simulation, body, clientIp }: OpenApiCall): Answer {
  const appid = textOf(body, 'component_appid');
  if (appid !== undefined && simulation.world.merchants.has(appid)) throw new Refusal(61011);
  const platform = platformBySecret(simulation.world.platforms, body, 'component_appsecret');
  simulation.checkAddress(platform, clientIp);
  simulation.charge(platform.counters, 'api_component_token');
  simulation.credentials.checkTicket(platform, textOf(body, 'component_verify_ticket') ?? '');
  const token = simulation.credentials.issueComponentToken(platform);
  return { component_access_token: token.value, expires_in: simulation.settings.token_lifetime_s };
}

function createPreAuthCode({ simulation, platform, body }: ComponentCall): Answer {
  checkComponentAppid(platform, body);
  const code = simulation.authorizations.createPreAuthCode(platform);
  return { pre_auth_code: code.value, expires_in: simulation.settings.pre_auth_code_lifetime_s };
}

function queryAuth({ simulation, platform, body }: ComponentCall): Answer {
  checkComponentAppid(platform, body);
  const grant = simulation.authorizations.exchange(platform, textOf(body, 'authorization_code') ?? '');
  const tokens = grant.merchant.hasApiRights
    ? {
        authorizer_access_token: simulation.credentials.issueAuthorizerToken(grant).value,
        expires_in: simulation.settings.token_lifetime_s,
        authorizer_refresh_token: grant.refreshToken,
      }
    : {};
  return {
    authorization_info: { authorizer_appid: grant.merchant.appid, ...tokens, func_info: funcInfo(grant) },
  };
}

function authorizerToken({ simulation, platform, body }: ComponentCall): Answer {
  checkComponentAppid(platform, body);
  const appid = requiredAppid(body);
  const refreshToken = textOf(body, 'authorizer_refresh_token') ?? '';
  const grant = simulation.authorizations.refresh(platform, appid, refreshToken);
  refuseLimited(grant.merchant);
  return {
    authorizer_access_token: simulation.credentials.issueAuthorizerToken(grant).value,
    expires_in: simulation.settings.token_lifetime_s,
    authorizer_refresh_token: grant.refreshToken,
  };
}

function getAuthorizerInfo({ simulation, platform, body }: ComponentCall): Answer {
  checkComponentAppid(platform, body);
  const grant = namedGrant(simulation, platform, body);
  const { merchant } = grant;
  return {
    authorizer_info: {
      nick_name: merchant.nickName,
      ...(merchant.headImg === '' ? {} : { head_img: merchant.headImg }),
      service_type_info: { id: merchant.serviceType },
      verify_type_info: { id: merchant.verifyType },
      user_name: merchant.userName,
      alias: merchant.alias,
      qrcode_url: `http://mmbiz.qpic.cn/mmbiz_jpg/${merchant.userName}/0`,
      business_info: { open_pay: 0, open_shake: 0, open_scan: 0, open_card: 0, open_store: 0 },
      idc: 1,
      principal_name: merchant.principalName,
      signature: merchant.signature,
      ...(merchant.kind === 'mini_program'
        ? { MiniProgramInfo: { network: {}, categories: [], visit_status: 0 }, register_type: 0 }
        : {}),
      account_status: merchant.accountStatus,
      basic_config: { is_phone_configured: true, is_email_configured: true },
    },
    authorization_info: {
      authorizer_appid: merchant.appid,
      ...(merchant.kind === 'mini_program' ? { authorizer_refresh_token: grant.refreshToken } : {}),
      func_info: funcInfo(grant),
    },
  };
}

function getAuthorizerList({ platform, body }: ComponentCall): Answer {
  checkComponentAppid(platform, body);
  const offset = integerOf(body, 'offset') ?? 0n;
  const count = integerOf(body, 'count') ?? 0n;
  if (offset === 'invalid' || count === 'invalid' || offset < 0n || count < 0n) throw new Refusal(47001);
  if (count > 500n) throw new Refusal(40170);
  const active = [...platform.grants.values()].filter((grant) => grant.isActive);
  return {
    total_count: active.length,
    list: active.slice(Number(offset), Number(offset + count)).map((grant) => ({
      authorizer_appid: grant.merchant.appid,
      refresh_token: grant.isExchanged ? grant.refreshToken : '',
      auth_time: seconds(grant.authorizedAt),
    })),
  };
}

function getOptionByComponent({ simulation, platform, body }: ComponentCall): Answer {
  checkComponentAppid(platform, body);
  return { authorizer_appid: requiredAppid(body), ...getOption(namedGrant(simulation, platform, body).merchant, body) };
}

function setOptionByComponent({ simulation, platform, body }: ComponentCall): Answer {
  checkComponentAppid(platform, body);
  return setOption(namedGrant(simulation, platform, body).merchant, body);
}

const OPTION_VALUES: Readonly<Record<string, readonly string[]>> = {
  location_report: ['0', '1', '2'],
  voice_recognize: ['0', '1'],
  customer_service: ['0', '1'],
};

function getOption(merchant: Merchant, body: JsonObject): Answer {
  const name = optionName(body);
  return { ...OK, option_name: name, option_value: merchant.options[name] ?? '0' };
}

function setOption(merchant: Merchant, body: JsonObject): Answer {
  const name = optionName(body);
  const value = body['option_value'];
  if (typeof value !== 'string' || !OPTION_VALUES[name]?.includes(value)) throw new Refusal(61013);
  merchant.options = { ...merchant.options, [name]: value };
  return OK;
}

function optionName(body: JsonObject): string {
  const name = textOf(body, 'option_name');
  if (name === undefined || !Object.hasOwn(OPTION_VALUES, name)) throw new Refusal(61012);
  return name;
}

const funcInfo = (grant: Grant) => grant.permissionSets.map((id) => ({ funcscope_category: { id } }));

function platformBySecret(platforms: Map<string, Platform>, body: JsonObject, secretField: string): Platform {
  const appid = textOf(body, 'component_appid');
  if (appid === undefined) throw new Refusal(41002);
  const platform = platforms.get(appid);
  if (!platform) throw new Refusal(40013);
  const secret = textOf(body, secretField);
  if (secret === undefined) throw new Refusal(41004);
  if (secret !== platform.appSecret) throw new Refusal(40125);
  return platform;
}

/** The appid in the body must be that of the token. */
function checkComponentAppid(platform: Platform, body: JsonObject): void {
  const appid = textOf(body, 'component_appid');
  if (appid === undefined) throw new Refusal(41018);
  if (appid !== platform.componentAppid) throw new Refusal(40013);
}

function requiredAppid(body: JsonObject): string {
  const appid = textOf(body, 'authorizer_appid');
  if (appid === undefined) throw new Refusal(40013);
  return appid;
}

function namedGrant(simulation: OpenApiCall['simulation'], platform: Platform, body: JsonObject): Grant {
  return simulation.authorizations.activeGrant(platform, requiredAppid(body));
}

/** Cancelled, banned and frozen accounts. */
export function refuseLimited(merchant: Merchant): void {
  if ([14, 16, 19].includes(merchant.accountStatus)) throw new Refusal(50002);
}
