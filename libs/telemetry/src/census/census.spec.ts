import type { AccountQuotas } from '@app/deletions';
import { ineligibleReasonCodes, type IneligibleReason, type MerchantCounts } from '@app/merchants';
import { added, NOBODY, onPlatforms, revived } from './census.js';

const counts = (changes: Partial<MerchantCounts>): MerchantCounts => ({
  platformId: 'p1',
  merchants: 3,
  eligible: 1,
  factsUnknown: 1,
  factsUnreadable: 0,
  factsUnreadableSince: null,
  reasons: Object.fromEntries(ineligibleReasonCodes.map((code) => [code, 1])) as Record<IneligibleReason, number>,
  ...changes,
});

const quotas = (changes: Partial<AccountQuotas>): AccountQuotas => ({
  platformIds: ['p1'],
  accounts: 2,
  limits: 20,
  used: 3,
  day: '2026-11-29',
  ...changes,
});

describe('a census', () => {
  it('adds up what is told of the same platform', () => {
    const since = new Date('2026-11-29T01:00:00Z');
    const later = new Date('2026-11-29T02:00:00Z');
    const one = { merchants: [counts({ factsUnreadable: 1, factsUnreadableSince: later })], quotas: [] };
    const other = {
      merchants: [counts({ factsUnreadable: 1, factsUnreadableSince: since }), counts({ platformId: 'p2' })],
      quotas: [],
    };
    const twice = Object.fromEntries(ineligibleReasonCodes.map((code) => [code, 2]));
    expect(added(one, other).merchants).toEqual([
      {
        platformId: 'p1',
        merchants: 6,
        eligible: 2,
        factsUnknown: 2,
        factsUnreadable: 2,
        factsUnreadableSince: since,
        reasons: twice,
      },
      counts({ platformId: 'p2' }),
    ]);
    expect(added(NOBODY, one)).toEqual(one);
    expect(added(one, NOBODY)).toEqual(one);
  });

  it('adds up the quotas of accounts that the same platforms serve, of each day apart', () => {
    const all = [{}, { day: '2026-11-30', used: 1 }, { platformIds: ['p1', 'p2'] }, { used: 4 }].map(quotas);
    const sum = all.reduce((so, one) => added(so, { merchants: [], quotas: [one] }), NOBODY);
    expect(sum.quotas).toEqual([
      quotas({ accounts: 4, limits: 40, used: 7 }),
      quotas({ day: '2026-11-30', used: 1 }),
      quotas({ platformIds: ['p1', 'p2'] }),
    ]);
  });

  it('is that of some platforms, where an account of two of them counts once', () => {
    const whole = {
      merchants: ['p1', 'p2', 'p3'].map((platformId) => counts({ platformId })),
      quotas: [['p1'], ['p1', 'p2'], ['p2', 'p3'], ['p3']].map((platformIds) => quotas({ platformIds })),
    };
    expect(onPlatforms(whole, new Set(['p1', 'p2']))).toEqual({
      merchants: ['p1', 'p2'].map((platformId) => counts({ platformId })),
      quotas: [['p1'], ['p1', 'p2'], ['p2', 'p3']].map((platformIds) => quotas({ platformIds })),
    });
  });

  it('is the same after it was JSON', () => {
    const since = new Date('2026-11-29T01:00:00Z');
    const whole = { merchants: [counts({}), counts({ factsUnreadableSince: since })], quotas: [quotas({})] };
    expect(revived(JSON.parse(JSON.stringify(whole)))).toEqual(whole);
  });
});
