import type { PlatformExamination } from '@app/client';

export type Check = PlatformExamination['checks'][number];

/** Facts of a check, as far as they are worth a line. */
export type FindingFact =
  | { kind: 'last'; at: string }
  | { kind: 'address'; ip: string }
  | { kind: 'clock'; isAhead: boolean; ms: number }
  | { kind: 'lists'; listed: number; authorized: number }
  | { kind: 'merchants'; authorized: number; eligible: number }
  | { kind: 'errcode'; errcode: number };

/** What a check has found beside its words. Facts that are not of the expected kind are left out. */
export function factOf({ facts }: Check): FindingFact | undefined {
  const at = facts['last_at'] ?? facts['received_at'];
  if (typeof at === 'string') return { kind: 'last', at };
  if (typeof facts['ip'] === 'string') return { kind: 'address', ip: facts['ip'] };
  if (typeof facts['errcode'] === 'number') return { kind: 'errcode', errcode: facts['errcode'] };
  const { ahead_ms: ahead, listed, authorized, eligible } = facts;
  if (typeof ahead === 'number') return { kind: 'clock', isAhead: ahead >= 0, ms: Math.abs(ahead) };
  if (typeof authorized !== 'number') return undefined;
  if (typeof listed === 'number') return { kind: 'lists', listed, authorized };
  return typeof eligible === 'number' && authorized > 0 ? { kind: 'merchants', authorized, eligible } : undefined;
}

/** What needs care comes first; otherwise they stay in the order in which they depend on each other. */
export const byUrgency = (checks: readonly Check[]): Check[] =>
  checks.toSorted((a, b) => URGENCY.indexOf(a.state) - URGENCY.indexOf(b.state));

const URGENCY: readonly Check['state'][] = ['failed', 'unknown', 'ok'];
