import { setTimeout as delay } from 'node:timers/promises';
import {
  RetractConnectionError,
  RetractError,
  type Deletion,
  type Event,
  type Feed,
  type Retract,
  type Takedown,
  type TakedownProgress,
} from '@app/client';
import { EXIT, exitCodeOf, Stopped, type ExitCode } from '../terminal/exit-codes.js';
import { explained } from '../terminal/explained.js';
import { etaInWords, Pace, rateInWords } from '../terminal/pace.js';
import { count, firstOf, number } from '../terminal/words.js';
import type { Context } from '../calling/context.js';
import { Interrupts, type Wanted } from '../calling/interrupts.js';

type Progress = Exclude<TakedownProgress, { event: 'deletion' }>['data'];
type Counts = Partial<Record<Deletion['state'], number>>;

const BAR = '{bar} {percentage}% | {value}/{total} | {rate} | ETA {eta} | {states}';
/** Without a terminal, progress is a line now and then. */
const LINE_EVERY_MS = 30_000;
const TRY_AGAIN_MS = 1_000;
/** So many failures are looked at for what they have in common. */
const FAILURES = 1_000;

const ENDED = ['succeeded', 'failed', 'cancelled'] as const;
const OPEN = ['scheduled', 'queued', 'running', 'waiting'] as const;

const sumOf = (counts: Counts, states: readonly (keyof Counts)[]) =>
  states.reduce<number>((sum, state) => sum + (counts[state] ?? 0), 0);

/**
 * Shows a takedown until its last deletion has ended. Ctrl-C asks what is meant by it.
 * @returns the takedown at its end
 * @throws Stopped where it was left running
 */
export async function follow(context: Context, client: Retract, id: string): Promise<Takedown> {
  const stopping = new AbortController();
  const view = new View(context);
  let wanted: Exclude<Wanted, 'go on'> | undefined;
  const interrupts = new Interrupts(
    context,
    `Takedown ${id} is under way`,
    (answer) => {
      wanted = answer;
      stopping.abort();
    },
    view,
  );
  try {
    for await (const { event, data } of progressOf(client, id, stopping.signal)) {
      await interrupts.settled();
      if (event !== 'deletion') view.show(data);
    }
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
  } finally {
    interrupts.stop();
    view.end();
  }
  if (wanted === 'leave') {
    throw new Stopped(`Takedown ${id} goes on. \`retract watch ${id}\` shows it, \`retract cancel ${id}\` stops it.`);
  }
  return wanted === 'abort' ? abort(context, client, id) : client.takedowns.get(id);
}

/** Whether the same may go well a little later: the service is away, or on its way back. */
export const isPassing = (error: unknown): error is RetractConnectionError | RetractError =>
  error instanceof RetractConnectionError ||
  (error instanceof RetractError &&
    (error.status === 503 ||
      (error.status === 429 && error.retryAfter !== undefined) ||
      (error.is('no_problem') && [502, 504].includes(error.status))));

/**
 * The client gives up after a while. What people wait for may take days, and they can stop waiting.
 * @throws the error, where waiting does not help
 */
export async function untilNextTry(error: unknown, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted || !isPassing(error)) throw error;
  const seconds = error instanceof RetractError ? (error.retryAfter ?? 0) : 0;
  await delay(Math.max(seconds * 1_000, TRY_AGAIN_MS), undefined, { signal });
}

/** @param feed its cursor names a place, as `latest` does not: after a lost connection that would be another */
export async function* eventsFrom(client: Retract, feed: Feed & { cursor: string }): AsyncGenerator<Event, never> {
  for (let { cursor } = feed; ;) {
    try {
      yield* client.events.follow({ ...feed, cursor, onCursor: (next) => void (cursor = next) });
    } catch (error) {
      await untilNextTry(error, feed.signal);
    }
  }
}

export async function* progressOf(client: Retract, id: string, signal: AbortSignal): AsyncGenerator<TakedownProgress> {
  for (let last: string | undefined; ;) {
    try {
      for await (const progress of client.takedowns.follow(id, {
        signal,
        ...(last !== undefined && { lastEventId: last }),
      })) {
        last = progress.id;
        yield progress;
      }
      return;
    } catch (error) {
      await untilNextTry(error, signal);
    }
  }
}

/** What has left its lane comes to its end, and that is worth waiting for: it says what was deleted. */
async function abort({ terminal }: Context, client: Retract, id: string): Promise<Takedown> {
  const { cancelled = 0, too_late = 0 } = await client.takedowns.cancel(id);
  terminal.note(`Aborted: ${count(cancelled, 'deletion')} stopped, too late for ${number(too_late)}.`);
  return client.takedowns.wait(id);
}

class View {
  private readonly pace = new Pace();
  private isDrawn = false;
  private isPaused = false;
  private toldAt = -Infinity;
  private last: Progress | undefined;

  constructor(private readonly context: Context) {}

  show(progress: Progress): void {
    this.last = progress;
    const counts: Counts = progress.counts ?? {};
    const done = sumOf(counts, ENDED);
    const total = done + sumOf(counts, OPEN);
    const now = performance.now();
    this.pace.note(done, now);
    if (this.isPaused) return;
    const { perSecond } = this.pace;
    const states = statesInWords(counts);
    const eta = etaInWords(total - done, perSecond, progress.eta, Date.now());
    const payload = { rate: rateInWords(perSecond), eta, states };
    const { terminal } = this.context;
    if (process.stderr.isTTY) {
      if (this.isDrawn) terminal.updateBar(done, total, payload);
      else terminal.showBar(BAR, total, payload);
      if (!this.isDrawn) terminal.updateBar(done, total, payload);
      this.isDrawn = true;
    } else if (now - this.toldAt >= LINE_EVERY_MS) {
      this.toldAt = now;
      terminal.note(`${number(done)}/${number(total)}, ${payload.rate}, ETA ${eta}, ${states}`);
    }
  }

  /** A question takes its place. */
  before(): void {
    this.isPaused = true;
    this.context.terminal.hideBar();
    this.isDrawn = false;
  }

  after(): void {
    this.isPaused = false;
    if (this.last) this.show(this.last);
  }

  end(): void {
    this.context.terminal.hideBar();
  }
}

function statesInWords(counts: Counts): string {
  const states = [...ENDED, ...OPEN].filter((state) => (counts[state] ?? 0) > 0);
  return states.map((state) => `${number(counts[state] ?? 0)} ${state}`).join(', ');
}

/**
 * How it ended, for people.
 * @param notUnderstood lines of the list that did not come into it
 */
export async function tellEnd(
  { terminal }: Context,
  client: Retract,
  takedown: Takedown,
  notUnderstood = 0,
): Promise<ExitCode> {
  const counts: Counts = takedown.counts ?? {};
  const [succeeded, failed, cancelled] = ENDED.map((state) => counts[state] ?? 0) as [number, number, number];
  const gone = takedown.already_deleted;
  terminal.print(
    [
      `${count(succeeded, 'deletion')} succeeded${gone > 0 ? ` (${number(gone)} of them were gone already)` : ''}`,
      `${number(failed)} failed, ${number(cancelled)} cancelled`,
      ...(takedown.rejected > 0 ? [`${count(takedown.rejected, 'line')} not accepted`] : []),
    ].join(', ') + '.',
  );
  if (!terminal.isJson && failed > 0) {
    for (const line of await failuresInWords(client, takedown.id)) terminal.print(line);
  }
  terminal.print(`\`retract proof ${takedown.id} -o proof.ndjson\` has the evidence.`);
  return exitCodeOfEnd(takedown, notUnderstood);
}

export function exitCodeOfEnd({ counts, rejected }: Takedown, notUnderstood = 0): ExitCode {
  if (!counts) return EXIT.failed;
  const missed = (counts.failed ?? 0) + (counts.cancelled ?? 0) + rejected + notUnderstood;
  return exitCodeOf({ done: counts.succeeded ?? 0, missed });
}

/** Grouped by cause, the most frequent first. */
async function failuresInWords(client: Retract, id: string): Promise<string[]> {
  const causes = new Map<string, string[]>();
  let seen = 0;
  for await (const deletion of client.takedowns.listDeletions(id, { state: 'failed', limit: 200 })) {
    const cause = outcomeInWords(deletion);
    causes.set(cause, [...(causes.get(cause) ?? []), deletion.merchant]);
    if (++seen === FAILURES) break;
  }
  return [...causes]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([cause, merchants]) => `  ${number(merchants.length)} × ${cause}: ${firstOf([...new Set(merchants)], 3)}`);
}

export function outcomeInWords({ outcome, state }: Deletion): string {
  if (!outcome) return state;
  const { code, errcode, errmsg } = outcome;
  if (state === 'succeeded') return code;
  return explained(code, errcode ? `WeChat: ${errcode}${errmsg ? ` ${errmsg}` : ''}` : '');
}
