/** WeChat's counters are right to one part in a hundred. */
const ACCURACY = 0.01;

export interface UsedCounts {
  /** The calls that our ledger has counted, made or about to be made. */
  ours: number;
  /** The calls that WeChat has counted. */
  theirs: number;
  /** The calls that we have counted and WeChat perhaps not yet. */
  inFlight: number;
  /** The calls that ended while WeChat was being asked, or shortly before: perhaps not in its answer. */
  justEnded: number;
  /** WeChat's daily limit. */
  limit: number;
}

/**
 * Decides how many calls were used today, from our count and WeChat's. If WeChat has counted more, others delete on
 * this account too, and all of our calls under way may still come on top. If it has counted fewer, its counters may
 * have been cleared: its number is believed as far as neither calls under way nor its accuracy explain the difference.
 * Counting too many costs some calls until WeChat is asked again; counting too few costs a refused call.
 */
export function usedAfterLearning({ ours, theirs, inFlight, justEnded, limit }: UsedCounts): number {
  if (theirs > ours) return theirs + inFlight;
  const tolerance = Math.max(1, Math.ceil(limit * ACCURACY));
  return Math.min(ours, theirs + inFlight + justEnded + tolerance);
}
