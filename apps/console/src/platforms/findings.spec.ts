import { byUrgency, factOf, type Check } from './findings.js';

const aCheck = (facts: Check['facts'], state: Check['state'] = 'ok'): Check => ({
  name: 'ticket',
  state,
  code: 'ticket_fresh',
  facts,
});

describe('what a check has found', () => {
  it.each([
    [{ last_at: '2026-11-29T18:00:00.000Z' }, { kind: 'last', at: '2026-11-29T18:00:00.000Z' }],
    [{ received_at: '2026-11-29T18:00:00.000Z' }, { kind: 'last', at: '2026-11-29T18:00:00.000Z' }],
    [{ ip: '203.0.113.7' }, { kind: 'address', ip: '203.0.113.7' }],
    [
      { errcode: 40125, errmsg: 'invalid appsecret' },
      { kind: 'errcode', errcode: 40125 },
    ],
    [{ ahead_ms: 2_500 }, { kind: 'clock', isAhead: true, ms: 2_500 }],
    [{ ahead_ms: -70_000 }, { kind: 'clock', isAhead: false, ms: 70_000 }],
    [{ ahead_ms: 0 }, { kind: 'clock', isAhead: true, ms: 0 }],
    [
      { listed: 3, authorized: 2, may_be_listed: 1 },
      { kind: 'lists', listed: 3, authorized: 2 },
    ],
    [
      { authorized: 3, eligible: 2, reasons: {} },
      { kind: 'merchants', authorized: 3, eligible: 2 },
    ],
    [{ authorized: 0, eligible: 0, reasons: {} }, undefined],
    [{ last_at: null }, undefined],
    [{ ip: null }, undefined],
    [{ errcode: null, errmsg: null }, undefined],
    [{ ahead_ms: null }, undefined],
    [{ listed: null, authorized: 2, may_be_listed: 0 }, undefined],
    [{}, undefined],
  ])('%p is told as %p', (facts, told) => {
    expect(factOf(aCheck(facts))).toEqual(told);
  });

  it('begins with what needs care', () => {
    const checks = [aCheck({}, 'ok'), aCheck({}, 'unknown'), aCheck({}, 'failed')];
    expect(byUrgency(checks).map(({ state }) => state)).toEqual(['failed', 'unknown', 'ok']);
  });
});
