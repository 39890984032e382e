import { idAt } from '@app/database';

/**
 * Ids grow with time, and pages are read along them: bounds spare a walk over all that is newer, or older. They are
 * wider than the span that is asked for, since an id is given before its row is written: a takedown's deletions get
 * theirs by our clock, when their line arrives.
 */
const LONGEST_INTAKE_MS = 7 * 24 * 60 * 60_000;
const CLOCKS_APART_MS = 60 * 60_000;

/** Deletions that were created from this moment on have greater ids. */
export const earliestIdOf = (moment: Date): string => idAt(moment.getTime() - LONGEST_INTAKE_MS);

/** Deletions that were created up to this moment have smaller ids. */
export const latestIdOf = (moment: Date): string => idAt(moment.getTime() + CLOCKS_APART_MS);
