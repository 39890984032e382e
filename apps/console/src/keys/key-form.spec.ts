import { EMPTY_FORM, faultsOf, requestOf } from './key-form.js';

const NOW = Date.parse('2026-11-29T18:00:00Z');
const APPID = 'wx570bc396a51b8ff8';

describe('what is entered of a key', () => {
  it('leaves out what stayed empty, so that the key is as the one that asks', () => {
    expect(requestOf({ ...EMPTY_FORM, name: ' shop ' })).toEqual({ name: 'shop', role: 'viewer' });
  });

  it('limits the key to what was listed', () => {
    expect(
      requestOf({
        name: 'shop',
        role: 'operator',
        platforms: `${APPID}\n`,
        merchants: `${APPID}, wx6b2f9d40c3a1e875`,
        endsAt: '2026-12-31T16:00:00.000Z',
      }),
    ).toEqual({
      name: 'shop',
      role: 'operator',
      platforms: [APPID],
      merchants: [APPID, 'wx6b2f9d40c3a1e875'],
      expires_at: '2026-12-31T16:00:00.000Z',
    });
  });

  it.each([
    ['platforms', { platforms: 'wx!' }],
    ['platforms', { platforms: `${APPID} ${APPID}` }],
    ['merchants', { merchants: 'ab' }],
    ['merchants', { merchants: Array.from({ length: 1_001 }, (_, i) => `wx${i + 10_000}`).join('\n') }],
    ['endsAt', { endsAt: '2026-11-29T18:00:00Z' }],
    ['endsAt', { endsAt: 'never' }],
  ])('has a fault in %s', (fault, entered) => {
    expect([...faultsOf({ ...EMPTY_FORM, ...entered }, NOW)]).toEqual([fault]);
  });

  it('has no fault while it is empty, nor where it is right', () => {
    expect([...faultsOf(EMPTY_FORM, NOW)]).toEqual([]);
    expect([...faultsOf({ ...EMPTY_FORM, merchants: APPID, endsAt: '2026-11-29T18:01:00Z' }, NOW)]).toEqual([]);
  });
});
