import type { AnyEvent } from '../events/event-facts.js';
import { authorizationsIn } from './authorizations.js';

const at = (minute: number) => `2026-11-29T12:0${minute}:00Z`;
const authorized = (minute: number, merchant: string, platform = 'wxp'): AnyEvent => ({
  id: `${minute}`,
  type: 'merchant.authorized',
  timestamp: at(minute),
  data: { component_appid: platform, merchant, permission_sets: [7] },
});

it('has the newest first', () => {
  expect(authorizationsIn([authorized(1, 'wxa'), authorized(2, 'wxb')])).toEqual([
    { at: at(2), platform: 'wxp', merchant: 'wxb' },
    { at: at(1), platform: 'wxp', merchant: 'wxa' },
  ]);
});

it('has who authorized twice once, for each platform', () => {
  const events = [authorized(1, 'wxa'), authorized(2, 'wxb'), authorized(3, 'wxa'), authorized(4, 'wxa', 'wxq')];
  expect(authorizationsIn(events).map(({ at, platform }) => [at, platform])).toEqual([
    [at(4), 'wxq'],
    [at(3), 'wxp'],
    [at(2), 'wxp'],
  ]);
});

it('leaves out what is something else', () => {
  const other: AnyEvent = { ...authorized(3, 'wxc'), type: 'merchant.unauthorized' };
  const odd: AnyEvent = { ...authorized(3, 'wxd'), data: {} };
  expect(authorizationsIn([authorized(2, 'wxb'), other, odd])).toEqual([
    { at: at(2), platform: 'wxp', merchant: 'wxb' },
  ]);
});
