import { z } from 'zod';
import { anything, fieldsOf, isObject, lifetime, moment, text, toWhole, whole } from './lenient.js';
import type { WechatTransport } from './transport.js';

// https://developers.weixin.qq.com/doc/oplatform/openApi/ticket-token/ and …/authorization-management/
// Every call is checked against the platform's IP list (61004).

// Tokens and appids are essential where a call is made to get them. All else is read leniently, see lenient.ts: an
// answer that is refused for the sake of a nickname costs the grant that stands beside it.

/** Tokens are text and nothing else. */
const token = anything.transform((value) => (typeof value === 'string' && value !== '' ? value : undefined));
const required = z.string().min(1);
const appid = z
  .string()
  .trim()
  .regex(/^[\w-]{1,64}$/);

/** The ids of the sets that can be read. */
const funcInfo = anything.transform((sets) =>
  (Array.isArray(sets) ? sets : []).flatMap(
    (set) => toWhole(fieldsOf(fieldsOf(set)['funcscope_category'])['id']) ?? [],
  ),
);

const nothing = z.object({});

const componentTokenAnswer = z
  .object({ component_access_token: required, expires_in: lifetime(7200) })
  .transform((a) => ({ componentAccessToken: a.component_access_token, expiresInSeconds: a.expires_in }));

const preAuthCodeAnswer = z
  .object({ pre_auth_code: required, expires_in: lifetime(600) })
  .transform((a) => ({ preAuthCode: a.pre_auth_code, expiresInSeconds: a.expires_in }));

const queryAuthAnswer = z
  .object({
    authorization_info: z.object({
      authorizer_appid: appid,
      authorizer_access_token: token,
      expires_in: whole,
      authorizer_refresh_token: token,
      func_info: funcInfo,
    }),
  })
  .transform(({ authorization_info: a }) => ({
    authorizerAppid: a.authorizer_appid,
    authorizerAccessToken: a.authorizer_access_token,
    expiresInSeconds: a.expires_in,
    authorizerRefreshToken: a.authorizer_refresh_token,
    permissionSets: a.func_info,
  }));

const authorizerTokenAnswer = z
  .object({ authorizer_access_token: required, expires_in: lifetime(7200), authorizer_refresh_token: token })
  .transform((a) => ({
    authorizerAccessToken: a.authorizer_access_token,
    expiresInSeconds: a.expires_in,
    authorizerRefreshToken: a.authorizer_refresh_token,
  }));

const typed = anything.transform((type) => toWhole(fieldsOf(type)['id']) ?? toWhole(type));

const authorizerInfoAnswer = z
  .object({
    authorizer_info: z.object({
      nick_name: text,
      head_img: text,
      user_name: text,
      alias: text,
      principal_name: text,
      qrcode_url: text,
      service_type_info: typed,
      verify_type_info: typed,
      account_status: whole,
      MiniProgramInfo: anything,
    }),
    authorization_info: anything.transform(fieldsOf).pipe(
      z.object({
        authorizer_appid: text,
        // Old answers say appid.
        appid: text,
        authorizer_refresh_token: token,
        func_info: funcInfo,
      }),
    ),
  })
  .transform(({ authorizer_info: info, authorization_info: grant }) => ({
    nickName: info.nick_name,
    headImg: info.head_img,
    /** gh_… */
    userName: info.user_name,
    alias: info.alias,
    principalName: info.principal_name,
    qrcodeUrl: info.qrcode_url,
    /** Official accounts: 0 subscription, 1 upgraded subscription, 2 service. Mini programs reuse the numbers. */
    serviceType: info.service_type_info,
    /** −1 none, 0 WeChat-verified, 1 Weibo, 3 and 4 name pending. May lag behind. */
    verifyType: info.verify_type_info,
    /** 1 normal, 14 cancelled, 16 banned, 18 warned, 19 frozen. */
    accountStatus: info.account_status,
    isMiniProgram: isObject(info.MiniProgramInfo),
    authorizerAppid: grant.authorizer_appid ?? grant.appid,
    authorizerRefreshToken: grant.authorizer_refresh_token,
    permissionSets: grant.func_info,
  }));

const listed = z.object({ authorizer_appid: appid, refresh_token: token, auth_time: moment }).transform((one) => ({
  authorizerAppid: one.authorizer_appid,
  /** Blank if the authorization code was never exchanged. */
  refreshToken: one.refresh_token,
  /** Unix seconds. */
  authTime: one.auth_time,
}));

const authorizerListAnswer = z
  .object({ total_count: whole, list: anything })
  .refine((a) => a.total_count !== undefined || Array.isArray(a.list), { path: ['total_count'] })
  .transform((a) => {
    const entries: unknown[] = Array.isArray(a.list) ? a.list : [];
    const authorizers = entries.flatMap((entry) => listed.safeParse(entry).data ?? []);
    return {
      /** Undefined where WeChat does not say: then the list ends with an empty page. */
      totalCount: a.total_count,
      authorizers,
      /** Entries without an appid, which nothing can be done with. They count for the next offset. */
      skipped: entries.length - authorizers.length,
    };
  });

export type ComponentToken = z.output<typeof componentTokenAnswer>;
export type PreAuthCode = z.output<typeof preAuthCodeAnswer>;
export type QueriedAuthorization = z.output<typeof queryAuthAnswer>;
export type AuthorizerToken = z.output<typeof authorizerTokenAnswer>;
export type AuthorizerInfo = z.output<typeof authorizerInfoAnswer>;
export type AuthorizerList = z.output<typeof authorizerListAnswer>;

interface AsComponent {
  componentAccessToken: string;
  componentAppid: string;
  signal?: AbortSignal | undefined;
}

/** The calls that a platform makes in its own name. A method that does not return throws a WechatError. */
export class ComponentApi {
  constructor(private readonly transport: WechatTransport) {}

  /**
   * Asks WeChat to push tickets again after it stopped. The ticket comes to the event URL.
   * @see https://developers.weixin.qq.com/doc/oplatform/openApi/ticket-token/api_startpushticket.html
   */
  async startPushTicket(request: {
    componentAppid: string;
    componentSecret: string;
    signal?: AbortSignal | undefined;
  }): Promise<void> {
    await this.transport.call({
      operation: 'component/api_start_push_ticket',
      method: 'POST',
      path: '/cgi-bin/component/api_start_push_ticket',
      body: { component_appid: request.componentAppid, component_secret: request.componentSecret },
      answer: nothing,
      signal: request.signal,
    });
  }

  /**
   * Lasts 7200 s; a new one supersedes the one before.
   * @throws {TicketInvalid} 61005, 61006
   * @see https://developers.weixin.qq.com/doc/oplatform/openApi/ticket-token/api_getcomponentaccesstoken.html
   */
  componentToken(request: {
    componentAppid: string;
    componentAppsecret: string;
    componentVerifyTicket: string;
    signal?: AbortSignal | undefined;
  }): Promise<ComponentToken> {
    return this.transport.call({
      operation: 'component/api_component_token',
      method: 'POST',
      path: '/cgi-bin/component/api_component_token',
      body: {
        component_appid: request.componentAppid,
        component_appsecret: request.componentAppsecret,
        component_verify_ticket: request.componentVerifyTicket,
      },
      answer: componentTokenAnswer,
      signal: request.signal,
    });
  }

  /**
   * Single use; lasts 600 to 1800 s (the documents disagree, the answer says).
   * @see https://developers.weixin.qq.com/doc/oplatform/openApi/ticket-token/api_getpreauthcode.html
   */
  createPreAuthCode(request: AsComponent): Promise<PreAuthCode> {
    return this.callAsComponent('api_create_preauthcode', request, {}, preAuthCodeAnswer);
  }

  /**
   * Exchanges an authorization code, once. Tokens are missing if the account has no API rights.
   * @throws {AuthorizationCodeInvalid} 61009, 61010
   * @see https://developers.weixin.qq.com/doc/oplatform/openApi/ticket-token/api_getauthorizerrefreshtoken.html
   */
  queryAuth(request: AsComponent & { authorizationCode: string }): Promise<QueriedAuthorization> {
    const body = { authorization_code: request.authorizationCode };
    return this.callAsComponent('api_query_auth', request, body, queryAuthAnswer);
  }

  /**
   * A new account token, 7200 s; the one before dies within minutes. There is a daily limit per account.
   * A returned refresh token must be stored before the access token is used.
   * @throws {RefreshTokenInvalid} 61023
   * @see https://developers.weixin.qq.com/doc/oplatform/openApi/ticket-token/api_getauthorizeraccesstoken.html
   */
  authorizerToken(
    request: AsComponent & { authorizerAppid: string; authorizerRefreshToken: string },
  ): Promise<AuthorizerToken> {
    const body = {
      authorizer_appid: request.authorizerAppid,
      authorizer_refresh_token: request.authorizerRefreshToken,
    };
    return this.callAsComponent('api_authorizer_token', request, body, authorizerTokenAnswer);
  }

  /** @see https://developers.weixin.qq.com/doc/oplatform/openApi/authorization-management/api_getauthorizerinfo.html */
  getAuthorizerInfo(request: AsComponent & { authorizerAppid: string }): Promise<AuthorizerInfo> {
    const body = { authorizer_appid: request.authorizerAppid };
    return this.callAsComponent('api_get_authorizer_info', request, body, authorizerInfoAnswer);
  }

  /**
   * @param request offset from 0, count up to 500
   * @see https://developers.weixin.qq.com/doc/oplatform/openApi/authorization-management/api_getauthorizerlist.html
   */
  getAuthorizerList(request: AsComponent & { offset: number; count: number }): Promise<AuthorizerList> {
    const body = { offset: request.offset, count: request.count };
    return this.callAsComponent('api_get_authorizer_list', request, body, authorizerListAnswer);
  }

  private callAsComponent<Answer>(
    name: string,
    { componentAccessToken, componentAppid, signal }: AsComponent,
    body: Record<string, unknown>,
    answer: z.ZodType<Answer>,
  ): Promise<Answer> {
    return this.transport.call({
      operation: `component/${name}`,
      method: 'POST',
      path: `/cgi-bin/component/${name}`,
      query: { access_token: componentAccessToken },
      body: { component_appid: componentAppid, ...body },
      answer,
      signal,
    });
  }
}
