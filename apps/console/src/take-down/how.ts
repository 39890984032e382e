import type { TakedownDryRun } from '@app/client';
import type { TargetLine } from '@app/target-lists';
import type { How, Named } from './content.js';
import type { Draft, Numbers } from './draft/draft.js';

export const LONGEST_UNDO_SECONDS = 24 * 60 * 60;

/** How long there is to undo, or why that cannot be said. */
export function undoSecondsOf({ startAt, undoSeconds }: Pick<Draft, 'startAt' | 'undoSeconds'>, now: number) {
  if (startAt === undefined) return undoSeconds;
  const seconds = Math.ceil((Date.parse(startAt) - now) / 1_000);
  return seconds > 0 && seconds <= LONGEST_UNDO_SECONDS ? seconds : undefined;
}

export function howOf(draft: Pick<Draft, 'reason' | 'isUrgent'>, undoSeconds: number): How {
  const reason = draft.reason.trim();
  return {
    priority: draft.isUrgent ? 'urgent' : 'normal',
    undo_seconds: undoSeconds,
    ...(reason !== '' && { reason }),
  };
}

/** Of what is named first, what would go: not the lines that are refused, and nothing of accounts that cannot be served. */
export function wouldGo(
  named: readonly Named[],
  { errors, ineligible }: Pick<TakedownDryRun, 'errors' | 'ineligible'>,
): TargetLine[] {
  const refused = new Set(errors.map(({ line }) => line));
  const cannot = new Set(ineligible.list.map(({ merchant }) => merchant));
  return named
    .filter(({ line, item }) => !refused.has(line) && !cannot.has(item.merchant ?? ''))
    .map(({ item }) => item);
}

const DAY_MS = 24 * 60 * 60 * 1_000;
/** Days of quota begin at midnight in Shanghai, which has no summer time. */
const SHANGHAI_AHEAD_MS = 8 * 60 * 60 * 1_000;

/** Of the accounts that take longest, those that need the quota of another day. The others are through today. */
export function slowAmong(slowest: TakedownDryRun['slowest'], now: number): TakedownDryRun['slowest'] {
  const tomorrow = (Math.floor((now + SHANGHAI_AHEAD_MS) / DAY_MS) + 1) * DAY_MS - SHANGHAI_AHEAD_MS;
  return slowest.filter(({ eta }) => eta === null || Date.parse(eta) >= tomorrow);
}

/** As `<input type="datetime-local">` writes a time of the viewer's zone. */
export function localTime(ms: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const at = new Date(ms);
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

const COMPARED = ['deletions', 'merchants', 'whole_messages', 'already_open', 'already_deleted', 'rejected'] as const;

/** What is kept of a dry run. */
export const numbersOf = ({
  deletions,
  merchants,
  whole_messages,
  already_open,
  already_deleted,
  rejected,
}: Numbers): Numbers => ({ deletions, merchants, whole_messages, already_open, already_deleted, rejected });

/** What a second dry run has counted otherwise than the first. */
export const changesOf = (before: Numbers, now: Numbers) =>
  COMPARED.filter((what) => before[what] !== now[what]).map((what) => ({ what, before: before[what], now: now[what] }));

export interface Refused {
  code: string;
  detail: string;
  lines: number[];
}

/** What was not accepted, by reason; the commonest first. Accounts that cannot be served are told apart from it. */
export function byReason(
  errors: readonly { line: number; code: string; detail: string }[],
  lineOf: (line: number) => number,
): Refused[] {
  const found = new Map<string, Refused>();
  for (const { line, code, detail } of errors) {
    const refused = found.get(code) ?? { code, detail, lines: [] };
    refused.lines.push(lineOf(line));
    found.set(code, refused);
  }
  return [...found.values()].sort((a, b) => b.lines.length - a.lines.length);
}

/** A dry run that is older says too little of what would go: by a label, others may have given it to more messages. */
const OLD_AFTER_MS = 2 * 60_000;

export const isOld = (workedOutAt: number, now: number): boolean => now - workedOutAt > OLD_AFTER_MS;

/** How many whole messages were agreed to so far; more than that have to be agreed to anew. */
export const lacksAgreement = (now: Numbers, seen: Numbers | undefined, agreedTo: number): boolean =>
  now.whole_messages > Math.max(seen?.whole_messages ?? 0, agreedTo);
