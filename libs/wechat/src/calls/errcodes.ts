/**
 * The caller's next step.
 * - `done`: nothing.
 * - `credential_expired`: refresh the token that was used, once, and call again. Which token that is (component's or
 *   account's) is known by the operation, not by the code.
 * - `unknown_outcome`: it may or may not have happened: look before repeating.
 * - `already_gone`: the message is not in a state to be deleted; if `mass/get` says DELETE, that is a success.
 * - `too_fast`: wait, at least a minute.
 * - `quota_spent`: wait for the next day.
 * - `merchant_must_act`: nothing works for this account until its admin (re)authorizes or puts the account in order.
 * - `admin_must_confirm`: the account's admin has to confirm this call, or has refused it for a while.
 * - `platform_broken`: every account of this platform would fail: configuration, ticket, caller's IP.
 * - `refused`: this request will never work.
 */
export type OutcomeClass =
  | 'done'
  | 'credential_expired'
  | 'unknown_outcome'
  | 'already_gone'
  | 'too_fast'
  | 'quota_spent'
  | 'merchant_must_act'
  | 'admin_must_confirm'
  | 'platform_broken'
  | 'refused';

/**
 * WeChat's error codes, sorted by the caller's next step. Only what a third-party platform may meet: a code that is not
 * here is `refused`.
 * @see https://developers.weixin.qq.com/doc/oplatform/Return_codes/Return_code_descriptions_new.html
 * @see https://developers.weixin.qq.com/doc/service/api/notify/message/api_deletemassmsg
 */
export const errcodes: Record<OutcomeClass, Readonly<Record<number, string>>> = {
  done: {
    0: 'ok',
  },
  credential_expired: {
    40001: 'access token invalid or not the latest',
    40014: 'access token malformed',
    42001: 'access token expired',
    42006: 'component access token expired',
  },
  unknown_outcome: {
    [-1]: 'system busy',
    // Seen although the article had been deleted.
    40060: 'article_idx out of range',
    61008: 'the same component request is being served',
  },
  already_gone: {
    40065: 'status of the message does not allow deletion',
  },
  too_fast: {
    45011: 'too many calls this minute',
    45066: 'clientmsgid repeated too fast',
    45085: 'mass speed changed too often',
    45102: 'API temporarily blocked',
  },
  quota_spent: {
    45009: 'daily quota spent',
    45028: 'no mass-send quota left',
    45040: 'monthly quota spent',
    45104: 'quota of the domain spent',
  },
  merchant_must_act: {
    40030: 'refresh token invalid (web authorization)',
    // Our stored refresh token was blank: a matter of this one account, so not platform_broken.
    41003: 'refresh token missing',
    42002: 'refresh token expired (web authorization)',
    42007: 'password changed, tokens void',
    43007: 'authorization by the account required',
    48001: 'account does not have this API',
    48003: 'mass-send agreement not accepted',
    48004: 'API banned for a violation',
    50001: 'not authorized for this API',
    50002: 'account limited, frozen or cancelled',
    61003: 'account has not authorized this platform',
    61007: 'permission set not granted to this platform',
    61009: 'authorization code invalid',
    61010: 'authorization code expired',
    61016: 'permission set needs confirmation',
    61017: 'permission set not authorized',
    61018: 'permission set already confirmed',
    61019: 'permission set needs no confirmation',
    61023: 'refresh token invalid',
  },
  admin_must_confirm: {
    89501: 'confirmation pending',
    89502: 'waiting for the admin',
    89503: 'admin must confirm this call',
    89504: 'admin must confirm this call',
    89505: 'admin must confirm this call',
    89506: 'admin refused this IP for 24 hours',
    89507: 'admin refused this IP for one hour',
  },
  platform_broken: {
    40013: 'appid invalid',
    40066: 'no API at this path',
    40090: 'caller IP source invalid',
    40091: 'component ticket invalid',
    40094: 'component credential invalid',
    40125: 'app secret invalid',
    40164: 'caller IP not in the whitelist',
    40222: 'wrong data centre for this domain',
    40234: 'request signature invalid',
    40243: 'app secret frozen',
    41002: 'appid missing',
    41004: 'app secret missing',
    41018: 'component_appid missing',
    41021: 'component access token missing',
    43001: 'GET required',
    43002: 'POST required',
    43003: 'HTTPS required',
    45035: 'caller IP not in the whitelist',
    45103: 'API no longer supported',
    48017: 'caller reached a retired API address',
    61000: 'component type invalid',
    61001: 'component type and appid do not match',
    61004: 'caller IP not registered for the platform',
    61005: 'component ticket expired',
    61006: 'component ticket invalid',
    61011: 'component invalid',
    61024: 'token must come from api_component_token',
    61028: 'platform not published',
    61029: 'platform needs to be published again',
    61030: 'authorization may not be cancelled by the platform',
  },
  refused: {
    40002: 'grant_type invalid',
    40003: 'openid invalid',
    40007: 'media_id invalid',
    40008: 'message type cannot be deleted',
    40031: 'openid list invalid',
    40032: 'openid list too long or too short',
    40033: 'text holds \\u escapes',
    40059: 'msg_id invalid',
    40099: 'code already used',
    40130: 'fewer than two openids',
    40163: 'code already used',
    40170: 'count too large',
    40201: 'no callback URL set',
    40202: 'action invalid',
    40203: 'operator invalid',
    40204: 'a rumour article cannot be deleted',
    // The next four say that a request of ours was built wrongly: nothing an operator could configure.
    41001: 'access token missing',
    44002: 'body empty',
    61014: 'component token required',
    61015: 'account token required',
    45001: 'media too large',
    45062: 'advertising agreement not accepted',
    45063: 'token is not a mini program’s',
    45065: 'clientmsgid exists',
    45067: 'clientmsgid too long',
    45083: 'mass speed out of range',
    45084: 'no mass speed set',
    47001: 'body cannot be parsed',
    47002: 'body holds \\u escapes',
    48002: 'fan refuses messages',
    48005: 'material in use',
    48006: 'no quota clears left this month',
    48008: 'no right for this message type',
    48009: 'API expired',
    50003: 'user not expected',
    50004: 'token forbidden',
    50005: 'user unsubscribed',
    61002: 'platform not open for customer service',
    61012: 'option name invalid',
    61013: 'option value invalid',
    61025: 'option is read-only',
    61051: 'real-name check of a mini program failed',
    61070: 'real-name check of a mini program failed',
    76001: 'rid not found',
    76002: 'rid invalid',
    76003: 'no permission for this rid or path',
    76004: 'rid expired',
    76021: 'path not found',
    76022: 'no permission for this path',
    9500001: 'deletion refused (WeChat does not say why)',
  },
};

/** The ms for which WeChat asks to wait. A code without an entry has no documented time. */
const documentedWaits: Readonly<Record<number, number>> = {
  45011: 60_000,
  45066: 60_000,
  89506: 24 * 3_600_000,
  89507: 3_600_000,
};

const classByCode = new Map(
  Object.entries(errcodes).flatMap(([outcome, codes]) =>
    // Object.entries forgets that the keys are the classes.
    Object.keys(codes).map((code) => [Number(code), outcome as OutcomeClass] as const),
  ),
);

/** The class by errcode only: errmsg is free text with a request id in it. */
export function classify(errcode: number): OutcomeClass {
  return classByCode.get(errcode) ?? 'refused';
}

/** The meaning of a code in a few words; undefined for a code we do not know. */
export function describeErrcode(errcode: number): string | undefined {
  return errcodes[classify(errcode)][errcode];
}

/** ms to wait before calling again, where WeChat says so. */
export function documentedWaitMs(errcode: number): number | undefined {
  return documentedWaits[errcode];
}
