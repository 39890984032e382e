import { eventMessage } from './event-message.js';
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
  scopePlatforms: null,
  scopeMerchants: null,
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
