import type { EndState } from '../deletion/states.js';
import { startOfShanghaiDay } from '../pacing/shanghai-day.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Deletions are tallied in steps of so long. */
export const STEP_MS = 5 * MINUTE_MS;
/** So long the tallies reach back: all of the longest span. */
export const TALLIED_MS = 31 * DAY_MS;
/** So long these steps are kept, and then hours, which is somewhat longer than the spans show them; and then days. */
export const STEPS_KEPT_MS = 2 * HOUR_MS;
export const HOURS_KEPT_MS = 26 * HOUR_MS;

/** The last part of the past, in steps. */
export interface Span {
  /** When its first step begins. */
  from: Date;
  stepMs: number;
  steps: number;
}

export type SpanName = 'hour' | 'day' | 'month';

/** How long the steps of each span are. */
export const SPAN_STEP_MS: Record<SpanName, number> = { hour: STEP_MS, day: HOUR_MS, month: DAY_MS };

/** How many deletions ended in one way within a step. */
export interface EndedCount {
  /** When the step begins. */
  at: Date;
  state: EndState;
  outcomeCode: string;
  count: number;
}

/** A step of a span, with what ended in it. */
export interface Point extends Record<EndState, number> {
  at: Date;
  /** By the code of the outcome. */
  outcomes: Record<string, number>;
}

/** The steps that are shown at a moment; the last one is still going on. Days are those of Shanghai, as quotas are. */
export function spansAt(now: Date): Record<SpanName, Span> {
  const upTo = (lastStep: number, stepMs: number, steps: number): Span => ({
    from: new Date(lastStep - (steps - 1) * stepMs),
    stepMs,
    steps,
  });
  const begunAt = (stepMs: number) => now.getTime() - (now.getTime() % stepMs);
  return {
    hour: upTo(begunAt(STEP_MS), STEP_MS, HOUR_MS / STEP_MS),
    day: upTo(begunAt(HOUR_MS), HOUR_MS, DAY_MS / HOUR_MS),
    month: upTo(startOfShanghaiDay(now).getTime(), DAY_MS, 30),
  };
}

/** Every step of the span, also those in which nothing ended. */
export function pointsOf({ from, stepMs, steps }: Span, counts: readonly EndedCount[]): Point[] {
  const points = Array.from({ length: steps }, (_, step): Point => ({
    at: new Date(from.getTime() + step * stepMs),
    succeeded: 0,
    failed: 0,
    cancelled: 0,
    outcomes: {},
  }));
  for (const { at, state, outcomeCode, count } of counts) {
    const point = points[Math.floor((at.getTime() - from.getTime()) / stepMs)];
    if (!point) continue;
    point[state] += count;
    point.outcomes[outcomeCode] = (point.outcomes[outcomeCode] ?? 0) + count;
  }
  return points;
}

/** Sums over points. */
export const totalOf = (points: readonly Point[], state: EndState): number =>
  points.reduce((total, point) => total + point[state], 0);
