import type { Figure } from '../figures.js';
import type { Stage } from '../stage.js';
import { steady, twoWorkers } from './steady.js';

export interface Scenario {
  name: string;
  title: string;
  /** Longer than this it may not take, in seconds. */
  limitS: { quick: number; full: number };
  play: (stage: Stage) => Promise<Figure[]>;
}

/** In the order of the table. */
export const scenarios: Scenario[] = [
  {
    name: 'steady',
    title: 'steady deletions, against a minimal BullMQ worker',
    limitS: { quick: 60, full: 600 },
    play: steady,
  },
  {
    name: 'two-workers',
    title: 'steady deletions by two workers, against one',
    limitS: { quick: 60, full: 600 },
    play: twoWorkers,
  },
];
