/** What one line of the table says. */
export interface Figure {
  /** What was measured. */
  what: string;
  ours: string;
  baseline: string;
  /** Ours by the baseline's. */
  ratio?: number | undefined;
  target: string;
  /** `CPU-bound`: short, and nothing was waited for. `told`: there is no target, or none on this machine. */
  verdict: 'pass' | 'short' | 'CPU-bound' | 'told' | 'failed';
  /** What a reader has to know to judge it. */
  note?: string | undefined;
}

interface Compared {
  what: string;
  unit: string;
  /** One value for each round, or for each part of one; ours and the baseline's took turns, unless they ran at once. */
  ours: number[];
  baseline: number[];
  /** Each round has its own ratio, of which the median counts: what the machine does befell both. */
  areAtOnce?: boolean;
  note?: string | undefined;
}

/** Ours must be at least this part of the baseline. */
export function atLeast(target: number, compared: Compared): Figure {
  const figure = compare(compared);
  return { ...figure, target: `≥ ${target}×`, verdict: figure.ratio >= target ? 'pass' : 'short' };
}

/** Ours must be at most so many times the baseline. */
export function atMost(target: number, compared: Compared): Figure {
  const figure = compare(compared);
  return { ...figure, target: `≤ ${target}×`, verdict: figure.ratio <= target ? 'pass' : 'short' };
}

/** A figure without a target, for the reader. */
export function told(compared: Compared): Figure {
  return { ...compare(compared), target: '–', verdict: 'told' };
}

function compare({ what, unit, ours, baseline, areAtOnce, note }: Compared): Figure & { ratio: number } {
  const [one, other] = [median(ours), median(baseline)];
  return {
    what,
    ours: `${short(one)} ${unit}`,
    baseline: `${short(other)} ${unit}`,
    ratio: areAtOnce ? median(ours.map((rate, round) => rate / (baseline[round] ?? NaN))) : one / other,
    target: '',
    verdict: 'told',
    note,
  };
}

export function median(values: number[]): number {
  return percentile(values, 0.5);
}

/** Between the two nearest values. @param share 0.99 for p99 */
export function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  if (below === undefined || above === undefined) throw new Error('There is nothing to take a percentile of.');
  return below + (above - below) * (at - Math.floor(at));
}

/** Three digits that count: 1234.5 → "1,235", 12.345 → "12.3", 0.12345 → "0.123". */
export function short(value: number): string {
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(value), 1e-3))));
  return value.toLocaleString('en-US', { maximumFractionDigits: digits });
}
