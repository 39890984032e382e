import type { Alarm } from '@app/client';
import { alarmTarget, namedBy } from './alarm-target.js';

const anAlarm = (code: Alarm['code'], subject: Partial<Alarm['subject']>, facts: Alarm['facts'] = {}) => ({
  ...{ code, since: null, count: 1 },
  ...{ subject: { type: 'service' as const, id: null, filter: {}, ...subject }, facts },
});

it.each<[Alarm['code'], Partial<Alarm['subject']>, Alarm['facts'], object]>([
  ['part_not_ready', { id: 'queue' }, { reason: 'queue_full' }, { href: '/docs/problems/queue_full' }],
  ['worker_silent', {}, {}, { to: '/help', hash: 'worker' }],
  ['no_platform', {}, {}, { to: '/settings/platforms' }],
  ['platform_held', { type: 'platform', id: 'wxp' }, { reason: 'x' }, { params: { appid: 'wxp' } }],
  ['token_conflict', { type: 'merchant', id: 'wxa' }, {}, { to: '/merchants/$appid', params: { appid: 'wxa' } }],
  ['token_conflict', { type: 'merchants' }, {}, { to: '/merchants', search: {} }],
  ['must_reauthorize', { type: 'merchants', filter: { reason: 'x' } }, {}, { search: { reason: 'x' } }],
  ['deletions_failing', { type: 'deletions', filter: { state: 'failed' } }, {}, { search: { state: 'failed' } }],
  ['webhook_failing', { type: 'webhook_endpoint', id: 'e1' }, {}, { params: { id: 'e1' } }],
])('leads from %s of %p to where it is mended', (code, subject, facts, target) =>
  expect(alarmTarget(anAlarm(code, subject, facts))).toMatchObject(target),
);

it('names the merchants that no filter finds', () => {
  const merchants = ['wxa', 'wxb'];
  expect(namedBy(anAlarm('token_conflict', { type: 'merchants' }, { merchants }))).toEqual(merchants);
  expect(namedBy(anAlarm('token_conflict', { type: 'merchant', id: 'wxa' }, { merchants: ['wxa'] }))).toEqual([]);
  expect(namedBy(anAlarm('must_reauthorize', { type: 'merchants', filter: { reason: 'x' } }))).toEqual([]);
});
