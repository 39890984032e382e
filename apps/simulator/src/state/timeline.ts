/** Milliseconds since the epoch. */
export interface Clock {
  now(): number;
}

/** A timer sleeps at most this long, so that an injected clock which jumps is noticed. */
const MAX_SLEEP_MS = 200;

interface Appointment {
  at: number;
  run: () => void;
}

/**
 * The simulator's time: a base clock plus an offset that the control API moves. What is due later (ticket pushes,
 * the end of a mass send) waits here, and a jump of the clock makes it happen at once.
 */
export class Timeline implements Clock {
  private offset = 0;
  private readonly agenda: Appointment[] = [];
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(private readonly base: Clock) {}

  now(): number {
    return this.base.now() + this.offset;
  }

  get offsetMs(): number {
    return this.offset;
  }

  set offsetMs(offsetMs: number) {
    this.offset = offsetMs;
    this.arm();
  }

  /** Runs `run` when the simulated time has moved by `delayMs`. Returns what cancels it. */
  after(delayMs: number, run: () => void): () => void {
    const appointment = { at: this.now() + delayMs, run };
    this.agenda.splice(this.positionAfter(appointment.at), 0, appointment);
    this.arm();
    return () => {
      const index = this.agenda.indexOf(appointment);
      if (index >= 0) this.agenda.splice(index, 1);
    };
  }

  clear(): void {
    this.agenda.length = 0;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  close(): void {
    this.isClosed = true;
    this.clear();
  }

  private positionAfter(at: number): number {
    let low = 0;
    let high = this.agenda.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const appointment = this.agenda[middle];
      if (appointment && appointment.at <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private arm(): void {
    clearTimeout(this.timer);
    const next = this.agenda[0];
    if (!next || this.isClosed) return;
    const sleepMs = Math.min(Math.max(next.at - this.now(), 0), MAX_SLEEP_MS);
    this.timer = setTimeout(() => this.runDue(), sleepMs);
    this.timer.unref();
  }

  private runDue(): void {
    const due = this.positionAfter(this.now());
    for (const { run } of this.agenda.splice(0, due)) run();
    this.arm();
  }
}

const DAY_MS = 86_400_000;
const SHANGHAI_OFFSET_MS = 8 * 3_600_000;

/** Number of the Asia/Shanghai day (no daylight saving since 1991): daily counters start anew when it changes. */
export function shanghaiDay(now: number): number {
  return Math.floor((now + SHANGHAI_OFFSET_MS) / DAY_MS);
}

/** Year and month in Asia/Shanghai, such as `2026-11`. */
export function shanghaiMonth(now: number): string {
  return new Date(now + SHANGHAI_OFFSET_MS).toISOString().slice(0, 7);
}

export const seconds = (ms: number): number => Math.floor(ms / 1000);
