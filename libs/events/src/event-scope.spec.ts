import { isInScope, type EventReach } from './event-scope.js';

describe('the scope of a reader', () => {
  const unlimited = { platforms: null, merchants: null };
  const ofNone: EventReach = {
    componentAppid: null,
    authorizerAppid: null,
    scopePlatforms: null,
    scopeMerchants: null,
  };
  const ofMerchant = { ...ofNone, componentAppid: 'p1', authorizerAppid: 'm1' };
  const ofPlatform = { ...ofNone, componentAppid: 'p1' };
  const withinPlatform = { ...ofNone, scopePlatforms: ['p1'] };
  const withinMerchants = { ...ofNone, scopePlatforms: ['p1'], scopeMerchants: ['m1', 'm2'] };
  const events = [ofMerchant, ofPlatform, ofNone, withinPlatform, withinMerchants];

  it.each([
    [unlimited, [true, true, true, true, true]],
    [{ ...unlimited, platforms: ['p1'] }, [true, true, false, true, true]],
    [{ ...unlimited, platforms: ['p2'] }, [false, false, false, false, false]],
    [{ ...unlimited, merchants: ['m1', 'm2', 'm3'] }, [true, false, false, false, true]],
    [{ ...unlimited, merchants: ['m1'] }, [true, false, false, false, false]],
    [{ platforms: ['p1', 'p2'], merchants: ['m1', 'm2'] }, [true, false, false, false, true]],
    [{ platforms: ['p2'], merchants: ['m1'] }, [false, false, false, false, false]],
    [{ platforms: [], merchants: null }, [false, false, false, false, false]],
  ])('%j', (scope, expected) => {
    expect(events.map((event) => isInScope(scope, event))).toEqual(expected);
  });
});
