import type { JobHandlers } from './job-runner.js';
import { jobNames } from './jobs.js';

/** A handler for every job of the catalogue that does nothing: a test puts its own in the place of one. */
export const idleHandlers = Object.fromEntries(
  jobNames.map((name) => [name, () => Promise.resolve()]),
  // One entry per name: more than fromEntries tells the compiler.
) as unknown as JobHandlers;
