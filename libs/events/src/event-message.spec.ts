import { eventMessage } from './event-message.js';
import { isInScope } from './event-scope.js';
import type { FeedEvent } from './events.js';

const event: FeedEvent = {
  id: 'e1',
  type: 'platform.resumed',
  platformId: null,
  merchantId: null,
  componentAppid: null,
  authorizerAppid: null,
  deletionId: null,
  takedownId: null,
  data: {},
  createdAt: new Date('2026-11-23T20:00:00.000Z'),
  cursor: '1.1',
};

describe('an event as the outside sees it', () => {
  it('names its deletion, the takedown that this belongs to, platform and merchant', () => {
    const about = { deletionId: 'd1', takedownId: 't1', componentAppid: 'wxp', authorizerAppid: 'wxm' };
    expect(eventMessage({ ...event, ...about, type: 'deletion.failed', data: { attempts: 2 } })).toEqual({
      id: 'e1',
      type: 'deletion.failed',
      timestamp: '2026-11-23T20:00:00.000Z',
      data: { id: 'd1', takedown_id: 't1', component_appid: 'wxp', merchant: 'wxm', attempts: 2 },
    });
  });

  it('names the takedown that it is about, and nothing that it is not about', () => {
    expect(eventMessage({ ...event, takedownId: 't1' }).data).toEqual({ id: 't1' });
    expect(eventMessage(event).data).toEqual({});
  });
});

describe('the scope of a reader', () => {
  const unlimited = { platforms: null, merchants: null };
  const [ofMerchant, ofPlatform, ofNone] = [
    { componentAppid: 'p1', authorizerAppid: 'm1' },
    { componentAppid: 'p1', authorizerAppid: null },
    { componentAppid: null, authorizerAppid: null },
  ];

  it.each([
    [unlimited, [true, true, true]],
    [{ ...unlimited, platforms: ['p1'] }, [true, true, false]],
    [{ ...unlimited, platforms: ['p2'] }, [false, false, false]],
    [{ ...unlimited, merchants: ['m1', 'm2'] }, [true, false, false]],
    [{ platforms: ['p1'], merchants: ['m1'] }, [true, false, false]],
    [{ platforms: ['p2'], merchants: ['m1'] }, [false, false, false]],
    [{ platforms: [], merchants: null }, [false, false, false]],
  ])('%j', (scope, expected) => {
    expect([ofMerchant, ofPlatform, ofNone].map((one) => isInScope(scope, one))).toEqual(expected);
  });
});
