import { eventFacts } from './event-facts.js';

const AT = '2026-11-29T12:00:00Z';
const told = (type: string, data: Record<string, unknown>) =>
  JSON.parse(JSON.stringify(eventFacts({ type, timestamp: AT, data }))) as object;

describe('what is shown of an event', () => {
  it.each<[string, Record<string, unknown>, object]>([
    [
      'merchant.authorized',
      { component_appid: 'wxp', merchant: 'wxa', source: 'code', permission_sets: [1, 7] },
      { platform: 'wxp', merchant: 'wxa', permissionSets: [1, 7] },
    ],
    [
      'merchant.eligibility_changed',
      { merchant: 'wxa', eligible: false, reasons: ['not_verified'], previous_reasons: [] },
      { merchant: 'wxa', reasons: ['not_verified'] },
    ],
    [
      'deletion.failed',
      { id: 'd1', takedown_id: 't1', merchant: 'wxa', outcome_code: 'refused', errcode: 40008 },
      { deletion: 'd1', takedown: 't1', merchant: 'wxa', outcome: 'refused', errcode: 40008 },
    ],
    ['takedown.finished', { id: 't1', counts: {} }, { takedown: 't1' }],
    [
      'platform.held',
      { component_appid: 'wxp', reason: 'platform_broken', errcode: 61004, since: AT },
      { platform: 'wxp', holdReason: 'platform_broken', errcode: 61004 },
    ],
    ['webhook.disabled', { id: 'e1', reason: 'gone' }, { endpoint: 'e1' }],
    ['merchant.authorized', { permission_sets: 'all', merchant: 7 }, {}],
  ])('%s', (type, data, facts) => expect(told(type, data)).toEqual({ type, at: AT, ...facts }));
});
