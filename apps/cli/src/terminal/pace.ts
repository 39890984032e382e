import { span } from './words.js';

/** How long the pace is looked back at. */
const WINDOW_MS = 60_000;

interface Sample {
  at: number;
  done: number;
}

/** How fast something gets on, by what was seen of it. */
export class Pace {
  private samples: Sample[] = [];

  /** @param at of a clock that only goes forward, in ms */
  note(done: number, at: number): void {
    this.samples.push({ at, done });
    // One from before the window stays, so that a slow pace is a pace as well.
    while ((this.samples[1]?.at ?? at) <= at - WINDOW_MS) this.samples.shift();
  }

  /** In a second; 0 while nothing is known. */
  get perSecond(): number {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    if (!first || !last || last.at <= first.at) return 0;
    return ((last.done - first.done) * 1_000) / (last.at - first.at);
  }
}

export function rateInWords(perSecond: number): string {
  if (perSecond <= 0) return '-/s';
  if (perSecond < 1) return `${(perSecond * 60).toFixed(perSecond * 60 < 10 ? 1 : 0)}/min`;
  return `${perSecond.toFixed(perSecond < 10 ? 1 : 0)}/s`;
}

/** By what the service says, which knows of quotas; by the pace where it says nothing, or its moment has passed. */
export function etaInWords(left: number, perSecond: number, eta: string | null | undefined, now: number): string {
  if (left === 0) return '0 s';
  const told = eta ? Date.parse(eta) - now : 0;
  // Told to the minute.
  if (told > 60_000) return span(told);
  return perSecond > 0 ? span((left * 1_000) / perSecond) : '-';
}
