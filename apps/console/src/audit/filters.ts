import type { retract } from '../api/retract.js';

export type AuditQuery = NonNullable<Parameters<typeof retract.auditEvents.list>[0]>;

export const FILTERS = ['action', 'api_key_id', 'subject', 'since', 'until'] as const;

/** The address of an export of what the filters leave. */
export function exportPath(filters: AuditQuery, format: 'ndjson' | 'csv'): string {
  const given = FILTERS.flatMap((name) => (filters[name] ? [[name, filters[name]] as [string, string]] : []));
  return `/v1/audit-events/export?${new URLSearchParams([['format', format], ...given]).toString()}`;
}

/** The console's page about what an act was done to, where there is one. */
export function pageOf({ type, id }: { type: string; id: string }): string | undefined {
  const path = PAGES[type];
  return path?.replace('{id}', encodeURIComponent(id));
}

const PAGES: Readonly<Record<string, string>> = {
  api_key: '/settings/keys',
  deletion: '/deletions/{id}',
  merchant: '/merchants/{id}',
  platform: '/settings/platforms/{id}',
  takedown: '/takedowns/{id}',
  webhook_endpoint: '/settings/webhooks/{id}',
};
