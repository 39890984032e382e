import { reconciliationStep, type KnownGrant, type ReconciliationStep } from './reconciliation-plan.js';

const GRANTED_AT = new Date('2026-01-01T00:00:00.600Z');
const SAME = GRANTED_AT.getTime() / 1000 - 0.6;
const ours: KnownGrant = { state: 'authorized', refreshToken: 'ours', grantedAt: GRANTED_AT };
const listed = (refreshToken?: string, authTime?: number) => ({ authorizerAppid: 'wx1', refreshToken, authTime });

describe('reconciliationStep', () => {
  it('adds whom we do not know, with or without a refresh token', () => {
    expect(reconciliationStep(listed('theirs', SAME), undefined)).toBe('add');
    expect(reconciliationStep(listed(), undefined)).toBe('add');
  });

  it.each<KnownGrant['state']>(['authorized', 'unauthorized', 'reauthorization_required'])(
    'does nothing on a blank when the merchant is %s, however new the authorization',
    (state) => {
      expect(reconciliationStep(listed(undefined, SAME + 100), { ...ours, state })).toBe('nothing');
    },
  );

  it.each<[string, Partial<KnownGrant>, string, number | undefined, ReconciliationStep]>([
    ['has the same token', {}, 'ours', SAME, 'nothing'],
    ['has the same token of a later authorization', {}, 'ours', SAME + 1, 'renew'],
    ['has another token of the same authorization', {}, 'theirs', SAME, 'nothing'],
    ['has another token of a later authorization', {}, 'theirs', SAME + 1, 'repair'],
    ['has another token and no time', {}, 'theirs', undefined, 'nothing'],
    ['has another token, and we know no time', { grantedAt: null }, 'theirs', SAME, 'repair'],
    ['has a token where ours is blank', { refreshToken: undefined }, 'theirs', SAME, 'repair'],
    ['has a token and no time where ours is blank', { refreshToken: undefined }, 'theirs', undefined, 'repair'],
  ])('of an authorized merchant whose list entry %s', (_what, known, token, authTime, step) => {
    expect(reconciliationStep(listed(token, authTime), { ...ours, ...known })).toBe(step);
  });

  it.each<[string, number | undefined, ReconciliationStep]>([
    ['in a later second', SAME + 1, 'readopt'],
    ['in the same second', SAME, 'nothing'],
    ['earlier', SAME - 1, 'nothing'],
    ['at a time not told', undefined, 'nothing'],
  ])('of an unauthorized merchant that was authorized %s', (_when, authTime, step) => {
    const known: KnownGrant = { state: 'unauthorized', refreshToken: undefined, grantedAt: GRANTED_AT };
    expect(reconciliationStep(listed('theirs', authTime), known)).toBe(step);
  });

  it('readopts a merchant against whom a single answer spoke, for an event would have wiped the token', () => {
    const known: KnownGrant = { state: 'unauthorized', refreshToken: 'ours', grantedAt: GRANTED_AT };
    expect(reconciliationStep(listed('ours', SAME), known)).toBe('readopt');
  });

  it.each<[string, string, number, ReconciliationStep]>([
    ['another token', 'theirs', SAME, 'readopt'],
    ['the token that was refused', 'ours', SAME, 'nothing'],
    ['the same token of a later authorization', 'ours', SAME + 1, 'readopt'],
  ])('of a merchant that has to authorize again and is listed with %s', (_what, token, authTime, step) => {
    expect(reconciliationStep(listed(token, authTime), { ...ours, state: 'reauthorization_required' })).toBe(step);
  });
});
