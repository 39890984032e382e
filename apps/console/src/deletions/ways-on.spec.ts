import type { Deletion, Merchant } from '@app/client';
import { askAnyway, wayOn } from './ways-on.js';

const deletion = (given: Partial<Deletion>) => ({ state: 'failed', ...given }) as Deletion;
const served: Pick<Merchant, 'ineligible_reasons'> = { ineligible_reasons: [] };
const because = (...ineligible_reasons: Merchant['ineligible_reasons']) => ({ ineligible_reasons });

describe('what can be done with a deletion', () => {
  it.each([
    ['scheduled', 'cancel'],
    ['queued', 'cancel'],
    ['waiting', 'cancel'],
    ['running', undefined],
    ['succeeded', undefined],
    ['cancelled', undefined],
    ['failed', 'retry'],
  ] as const)('that is %s: %s', (state, way) => {
    expect(wayOn(deletion({ state }), served)).toBe(way);
    expect(wayOn(deletion({ state, hidden: ['reason'] }), served)).toBe(way && 'not_yours');
  });

  it('hangs on the merchant, once it has failed', () => {
    expect(wayOn(deletion({}), undefined)).toBe('retry');
    expect(wayOn(deletion({}), because('not_verified', 'account_frozen', 'permission_set_7_not_granted'))).toBe(
      'try_anyway',
    );
    expect(wayOn(deletion({}), because('not_verified', 'unauthorized'))).toBe('not_eligible');
    expect(wayOn(deletion({ state: 'queued' }), because('unauthorized'))).toBe('cancel');
  });
});

describe('the same wish once more', () => {
  const wish = { merchant: 'A', component_appid: 'P', priority: 'urgent', reason: null, metadata: { a: 'b' } } as const;
  const again = { merchant: 'A', component_appid: 'P', try_anyway: true, priority: 'urgent', metadata: { a: 'b' } };

  it.each<[Partial<Deletion>, object]>([
    [
      { msg_id: '7', article_idx: 2, whole_message: false, url: null },
      { msg_id: '7', article_idx: 2 },
    ],
    [
      { msg_id: '7', article_idx: 0, whole_message: true, url: null },
      { msg_id: '7', whole_message: true },
    ],
    [{ msg_id: null, article_idx: null, whole_message: false, url: 'u' }, { url: 'u' }],
  ])('names the same target: %j', (target, named) => {
    expect(askAnyway(deletion({ ...wish, ...target }))).toEqual({ ...again, ...named });
  });
});
