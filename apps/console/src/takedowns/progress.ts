import type { Takedown } from '@app/client';

type Counts = NonNullable<Takedown['counts']>;

export interface Progress {
  all: number;
  /** Have ended, however that came out. */
  ended: number;
  succeeded: number;
  failed: number;
  cancelled: number;
  running: number;
  /** Can still be stopped. */
  open: number;
  /** None is being sent: all that is left waits for something. */
  isWaiting: boolean;
}

export function progressOf({ scheduled, queued, running, waiting, succeeded, failed, cancelled }: Counts): Progress {
  const ended = succeeded + failed + cancelled;
  const open = scheduled + queued + waiting;
  return {
    ...{ ended, succeeded, failed, cancelled, running, open },
    all: ended + open + running,
    isWaiting: open > 0 && running === 0 && queued === 0,
  };
}

const MINUTE_MS = 60_000;
/** Before that, a rate says little. */
const FROM_MS = 5_000;

/** Deletions that have ended in a minute, on the average since it began; undefined where that cannot be told. */
export function perMinute(takedown: Takedown, now: number): number | undefined {
  const { counts, started_at, undo_until, finished_at } = takedown;
  if (!counts || started_at === null) return undefined;
  const begunAt = Math.max(Date.parse(started_at), Date.parse(undo_until ?? started_at));
  const ms = (finished_at === null ? now : Date.parse(finished_at)) - begunAt;
  // Those that were gone before it began are no work of it.
  const done = counts.succeeded + counts.failed - takedown.already_deleted;
  if (ms < FROM_MS || done <= 0) return undefined;
  return Math.round((done / ms) * MINUTE_MS * 10) / 10;
}

/** A row of CSV. Text that a spreadsheet would take for a formula is kept from it. */
export const csvRow = (cells: readonly (string | number)[]): string =>
  `${cells.map((cell) => `"${guarded(String(cell)).replaceAll('"', '""')}"`).join(',')}\r\n`;

const guarded = (cell: string) => (/^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell);
