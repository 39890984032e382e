import type { Overview } from '@app/client';
import type { Language } from '@app/words';

export const spans = ['hour', 'day', 'month'] as const;
export type Span = (typeof spans)[number];

export const ends = ['succeeded', 'failed', 'cancelled'] as const;
export type End = (typeof ends)[number];

export type Point = Overview['series'][Span]['points'][number];

export function totalsOf(points: readonly Point[]): Record<End, number> {
  const total = (end: End) => points.reduce((sum, point) => sum + point[end], 0);
  return { succeeded: total('succeeded'), failed: total('failed'), cancelled: total('cancelled') };
}

/** How many ended in which way, the most frequent first. */
export function outcomesOf(points: readonly Point[]): [code: string, count: number][] {
  const counts = new Map<string, number>();
  for (const { outcomes } of points)
    for (const [code, count] of Object.entries(outcomes)) counts.set(code, (counts.get(code) ?? 0) + count);
  return [...counts].filter(([, count]) => count > 0).sort(([, a], [, b]) => b - a);
}

/** What the bars are drawn to: each stands on those before it, so that the whole is the height of the last. */
export function stacked(points: readonly Point[]): number[][] {
  const heights = points.map(() => 0);
  return ends.map((end) => points.map((point, i) => (heights[i] = (heights[i] ?? 0) + point[end])));
}

/** The names of the steps: times of the viewer's zone, and the days of quota, which are Shanghai's. */
export function stepNames(points: readonly Point[], span: Span, language: Language, zone?: string): string[] {
  const format = new Intl.DateTimeFormat(
    language === 'zh' ? 'zh-CN' : 'en-GB',
    span === 'month'
      ? { month: 'short', day: 'numeric', timeZone: 'Asia/Shanghai' }
      : { hour: '2-digit', minute: '2-digit', timeZone: zone },
  );
  return points.map(({ at }) => format.format(new Date(at)));
}
