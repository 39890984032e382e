import { diagnosis, type CallFailureCode, type CheckName, type Findings } from './diagnosis.js';

const now = new Date('2026-11-29T12:00:00Z');
const ago = (minutes: number) => new Date(now.getTime() - minutes * 60_000);

const WELL: Findings = {
  now,
  pushedAt: ago(5),
  ticketReceivedAt: ago(5),
  call: { isAnswered: true, listed: 3 },
  aheadOfDatabaseMs: 0,
  aheadOfWechatMs: 0,
  authorized: 3,
  mayBeListed: 0,
  eligible: 3,
  reasons: {},
};

const failing = (code: CallFailureCode, errcode?: number, errmsg?: string) =>
  ({ isAnswered: false, code, errcode, errmsg }) as const;

function checkOf(name: CheckName, findings: Partial<Findings>) {
  const check = diagnosis({ ...WELL, ...findings }).find((one) => one.name === name);
  return check && [check.state, check.code];
}

describe('the diagnosis of a platform', () => {
  it('is well in all when all is well', () => {
    expect(diagnosis(WELL).map(({ name, state, code }) => [name, state, code])).toEqual([
      ['pushes_arrive', 'ok', 'pushes_arrive'],
      ['ticket', 'ok', 'ticket_fresh'],
      ['component_token', 'ok', 'token_works'],
      ['ip_listed', 'ok', 'ip_listed'],
      ['clock_database', 'ok', 'clock_agrees'],
      ['clock_wechat', 'ok', 'clock_agrees'],
      ['authorizer_list', 'ok', 'list_agrees'],
      ['merchants', 'ok', 'all_eligible'],
    ]);
  });

  it.each<[CheckName, Partial<Findings>, string, string]>([
    ['pushes_arrive', { pushedAt: null }, 'failed', 'never_pushed'],
    ['pushes_arrive', { pushedAt: ago(29) }, 'ok', 'pushes_arrive'],
    ['pushes_arrive', { pushedAt: ago(30) }, 'failed', 'pushes_silent'],
    ['ticket', { ticketReceivedAt: null }, 'failed', 'ticket_missing'],
    ['ticket', { ticketReceivedAt: ago(30) }, 'failed', 'ticket_silent'],
    ['ticket', { ticketReceivedAt: ago(12 * 60) }, 'failed', 'ticket_missing'],
    ['component_token', { call: failing('ticket_missing') }, 'failed', 'ticket_missing'],
    ['component_token', { call: failing('ticket_invalid', 61006) }, 'failed', 'ticket_invalid'],
    ['component_token', { call: failing('platform_broken', 40125) }, 'failed', 'platform_broken'],
    ['component_token', { call: failing('platform_broken', 61004) }, 'unknown', 'ip_not_listed'],
    ['component_token', { call: failing('connect_failed') }, 'unknown', 'connect_failed'],
    ['component_token', { call: failing('token_unavailable') }, 'unknown', 'token_unavailable'],
    ['ip_listed', { call: failing('platform_broken', 61004) }, 'failed', 'ip_not_listed'],
    ['ip_listed', { call: failing('platform_broken', 40125) }, 'unknown', 'platform_broken'],
    ['ip_listed', { call: failing('ticket_missing') }, 'unknown', 'ticket_missing'],
    ['clock_database', { aheadOfDatabaseMs: undefined }, 'unknown', 'clock_not_told'],
    ['clock_database', { aheadOfDatabaseMs: 2_000 }, 'ok', 'clock_agrees'],
    ['clock_database', { aheadOfDatabaseMs: -2_001 }, 'failed', 'clock_off'],
    ['clock_wechat', { aheadOfWechatMs: undefined }, 'unknown', 'clock_not_told'],
    ['clock_wechat', { aheadOfWechatMs: -60_000 }, 'ok', 'clock_agrees'],
    ['clock_wechat', { aheadOfWechatMs: 60_001 }, 'failed', 'clock_off'],
    ['authorizer_list', { call: { isAnswered: true, listed: 2 } }, 'failed', 'list_drift'],
    ['authorizer_list', { call: { isAnswered: true, listed: 4 } }, 'failed', 'list_drift'],
    ['authorizer_list', { call: { isAnswered: true, listed: 2 }, mayBeListed: 2 }, 'failed', 'list_drift'],
    ['authorizer_list', { call: { isAnswered: true, listed: 3 }, mayBeListed: 2 }, 'ok', 'list_agrees'],
    ['authorizer_list', { call: { isAnswered: true, listed: 4 }, mayBeListed: 2 }, 'ok', 'list_agrees'],
    ['authorizer_list', { call: { isAnswered: true, listed: 5 }, mayBeListed: 2 }, 'ok', 'list_agrees'],
    ['authorizer_list', { call: { isAnswered: true, listed: 6 }, mayBeListed: 2 }, 'failed', 'list_drift'],
    ['authorizer_list', { call: { isAnswered: true, listed: 0 }, authorized: 0 }, 'ok', 'list_agrees'],
    ['authorizer_list', { call: { isAnswered: true, listed: undefined } }, 'unknown', 'list_not_counted'],
    ['authorizer_list', { call: failing('unknown_outcome', -1) }, 'unknown', 'unknown_outcome'],
    ['merchants', { authorized: 0, eligible: 0 }, 'unknown', 'no_merchants'],
    ['merchants', { eligible: 0, reasons: { not_verified: 3 } }, 'failed', 'none_eligible'],
    ['merchants', { eligible: 2, reasons: { not_verified: 1 } }, 'ok', 'some_not_eligible'],
  ])('of %s by %j: %s, %s', (name, findings, state, code) => {
    expect(checkOf(name, findings)).toEqual([state, code]);
  });

  it.each([
    ['access clientip is not registered, requestIP: 203.0.113.7', '203.0.113.7'],
    ['access clientip is not registered requestIP: ::ffff:203.0.113.7 hint: [x]', '::ffff:203.0.113.7'],
    ['access clientip is not registered', null],
  ])('names the address that WeChat saw: %s', (errmsg, ip) => {
    const checks = diagnosis({ ...WELL, call: failing('platform_broken', 61004, errmsg) });
    expect(checks.find(({ name }) => name === 'ip_listed')?.facts).toEqual({ ip });
  });
});
