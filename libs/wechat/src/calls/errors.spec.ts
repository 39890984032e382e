import { errcodes } from './errcodes.js';
import {
  AdminMustConfirm,
  AlreadyGone,
  AuthorizationCodeInvalid,
  CredentialExpired,
  errorForErrcode,
  MerchantMustAct,
  PlatformBroken,
  QuotaSpent,
  RefreshTokenInvalid,
  Refused,
  splitErrmsg,
  TicketInvalid,
  TooFast,
  UnknownOutcome,
} from './errors.js';

const byClass = {
  credential_expired: CredentialExpired,
  unknown_outcome: UnknownOutcome,
  already_gone: AlreadyGone,
  too_fast: TooFast,
  quota_spent: QuotaSpent,
  merchant_must_act: MerchantMustAct,
  admin_must_confirm: AdminMustConfirm,
  platform_broken: PlatformBroken,
  refused: Refused,
};

describe('errorForErrcode', () => {
  const rows = Object.entries(byClass).flatMap(([outcome, type]) =>
    errcodes[outcome as keyof typeof byClass].map((code) => [code, type.name, type] as const),
  );

  it.each(rows)('%i becomes %s', (errcode, _, type) => {
    expect(errorForErrcode({ operation: 'mass/delete', errcode })).toBeInstanceOf(type);
  });

  it.each([
    [61023, RefreshTokenInvalid, 'refresh_token_invalid'],
    [41003, RefreshTokenInvalid, 'refresh_token_invalid'],
    [61009, AuthorizationCodeInvalid, 'authorization_code_invalid'],
    [61010, AuthorizationCodeInvalid, 'authorization_code_invalid'],
    [61005, TicketInvalid, 'ticket_invalid'],
    [61006, TicketInvalid, 'ticket_invalid'],
    [40091, TicketInvalid, 'ticket_invalid'],
    [61003, MerchantMustAct, 'merchant_must_act'],
    [61004, PlatformBroken, 'platform_broken'],
    [12345, Refused, 'refused'],
  ])('%i has its own next step and a stable code', (errcode, type, code) => {
    const error = errorForErrcode({ operation: 'x', errcode });
    expect(error.constructor).toBe(type);
    expect(error.name).toBe(type.name);
    expect(error.code).toBe(code);
  });

  it('carries what is known of the call', () => {
    const cause = new Error('below');
    const error = errorForErrcode({
      operation: 'mass/delete',
      errcode: 45011,
      errmsg: 'api minute-quota reach limit',
      rid: '5f3c1a2b-0a1b2c3d-4e5f6a7b',
      httpStatus: 200,
      cause,
    });
    expect(error).toMatchObject({
      code: 'too_fast',
      operation: 'mass/delete',
      errcode: 45011,
      errmsg: 'api minute-quota reach limit',
      rid: '5f3c1a2b-0a1b2c3d-4e5f6a7b',
      httpStatus: 200,
      retryAfterMs: 60_000,
      cause,
      message: 'mass/delete: 45011 api minute-quota reach limit (rid 5f3c1a2b-0a1b2c3d-4e5f6a7b)',
    });
  });
});

describe('splitErrmsg', () => {
  it.each([
    ['ok', { errmsg: 'ok' }],
    ['', { errmsg: '' }],
    ['invalid msg id rid: 65f0c1d2-1a2b3c4d-5e6f7a8b', { errmsg: 'invalid msg id', rid: '65f0c1d2-1a2b3c4d-5e6f7a8b' }],
    ['invalid appid, rid: 65f0c1d2-1a2b3c4d-5e6f7a8b', { errmsg: 'invalid appid', rid: '65f0c1d2-1a2b3c4d-5e6f7a8b' }],
    ['invalid credential hint: [0Fx1aA0123ab12!]', { errmsg: 'invalid credential', rid: '0Fx1aA0123ab12!' }],
    [
      'access_token expired hint: [abc] rid: 65f0c1d2-1a2b3c4d-5e6f7a8b',
      { errmsg: 'access_token expired', rid: '65f0c1d2-1a2b3c4d-5e6f7a8b' },
    ],
    ['hybrid: 1', { errmsg: 'hybrid: 1' }],
    ['rid: none', { errmsg: 'rid: none' }],
  ])('splits %j', (raw, expected) => {
    expect(splitErrmsg(raw)).toEqual(expected);
  });
});
