import type { Alarm } from '@app/client';

/** Where an alarm is mended: a page of the console with its filters, or a page that tells what to do. */
export type AlarmTarget =
  | { mend: 'service'; href: string }
  | { mend: 'service'; to: '/help'; hash: 'worker' }
  | { mend: 'platforms'; to: '/settings/platforms' }
  | { mend: 'merchants' | 'deletions'; to: '/merchants' | '/deletions'; search: Record<string, string> }
  | { mend: 'merchant' | 'platform'; to: '/merchants/$appid' | '/settings/platforms/$appid'; params: { appid: string } }
  | { mend: 'webhook_endpoint'; to: '/settings/webhooks/$id'; params: { id: string } };

export function alarmTarget({ code, subject: { type, id, filter }, facts }: Omit<Alarm, 'severity'>): AlarmTarget {
  if (code === 'no_platform') return { mend: 'platforms', to: '/settings/platforms' };
  if (type === 'merchants') return { mend: 'merchants', to: '/merchants', search: filter };
  if (type === 'deletions') return { mend: 'deletions', to: '/deletions', search: filter };
  if (type === 'merchant' && id) return { mend: 'merchant', to: '/merchants/$appid', params: { appid: id } };
  if (type === 'platform' && id) return { mend: 'platform', to: '/settings/platforms/$appid', params: { appid: id } };
  if (type === 'webhook_endpoint' && id)
    return { mend: 'webhook_endpoint', to: '/settings/webhooks/$id', params: { id } };
  const { reason } = facts;
  if (typeof reason === 'string') return { mend: 'service', href: `/docs/problems/${reason}` };
  return { mend: 'service', to: '/help', hash: 'worker' };
}

/** The merchants that an alarm names one by one: it is of several, and no filter finds them. */
export function namedBy({ subject: { type, filter }, facts: { merchants } }: Omit<Alarm, 'severity'>): string[] {
  return type === 'merchants' && Object.keys(filter).length === 0 && Array.isArray(merchants) ? merchants : [];
}
