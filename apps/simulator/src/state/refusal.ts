/** Return codes that the simulator gives, with WeChat's words. */
const MESSAGES = {
  [-1]: 'system error',
  0: 'ok',
  40001: 'invalid credential, access_token is invalid or not latest',
  40003: 'invalid openid',
  40007: 'invalid media_id',
  40008: 'invalid message type',
  40013: 'invalid appid',
  40014: 'invalid access_token',
  40031: 'invalid openid list',
  40032: 'invalid openid list size',
  40059: 'invalid msg id',
  40060: 'invalid article idx',
  40065: 'invalid message status',
  40066: 'invalid url',
  40125: 'invalid appsecret',
  40130: 'invalid openid list size, at least two openid',
  40170: 'args count exceed count limit',
  40201: 'callback url not set',
  40202: 'invalid action',
  40203: 'invalid check_operator',
  40204: 'rumor article can not be deleted',
  41001: 'access_token missing',
  41002: 'appid missing',
  41003: 'refresh_token missing',
  41004: 'appsecret missing',
  41018: 'component_appid missing',
  42001: 'access_token expired',
  42006: 'component_access_token expired',
  42007: 'access_token and refresh_token exception',
  43001: 'require GET method',
  43002: 'require POST method',
  43007: 'require authorization by the account',
  44002: 'empty post data',
  44004: 'empty text content',
  45009: 'reach max api daily quota limit',
  45011: 'api minute-quota reach limit, must slower, retry next minute',
  45028: 'has no masssend quota',
  45065: 'clientmsgid exist',
  45067: 'clientmsgid size out of limit',
  47001: 'data format error',
  47002: 'data format error, do not use unicode escape',
  48001: 'api unauthorized',
  48006: 'forbid to clear quota because of reaching the limit',
  50002: 'user limited',
  61003: 'component is not authorized by this account',
  61004: 'access clientip is not registered',
  61005: 'component ticket is expired',
  61006: 'component ticket is invalid',
  61007: 'api is unauthorized to component',
  61009: 'code is invalid',
  61010: 'code is expired',
  61011: 'invalid component',
  61012: 'invalid option name',
  61013: 'invalid option value',
  61014: 'must use component token for component api',
  61015: 'must use user token for user api',
  61023: 'refresh_token is invalid',
  61024: 'must use api_component_token to get token for component appid',
  61028: 'component has not published',
  76001: 'rid not found',
  76002: 'invalid rid',
  76003: 'no permission',
  76004: 'rid is expired',
  76021: 'cgi_path not found, please check',
  76022: 'could not use this cgi_path, no permission',
} as const;

export type Errcode = keyof typeof MESSAGES;

export const errmsgOf = (errcode: number): string =>
  Object.hasOwn(MESSAGES, errcode) ? MESSAGES[errcode as Errcode] : 'error';

/** An answer other than success: HTTP 200 with an errcode, like all of WeChat's. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(
    readonly errcode: Errcode,
    /** WeChat's words for the code, unless there is more to say. */
    message: string = errmsgOf(errcode),
    /** Fields beside errcode and errmsg. */
    readonly more: Record<string, unknown> = {},
  ) {
    super(message);
  }
}
