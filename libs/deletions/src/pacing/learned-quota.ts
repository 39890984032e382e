/** WeChat's counters are right to one part in a hundred. */
const ACCURACY = 0.01;

export interface UsedCounts {
  /** Calls that our ledger has counted, made or about to be made. */
  ours: number;
  /** What WeChat says was used. */
  theirs: number;
  /** Counted by us and perhaps not yet by WeChat. */
  inFlight: number;
  /** Ended while WeChat was being asked, or shortly before: perhaps not in its answer. */
  justEnded: number;
  /** WeChat's daily limit. */
  limit: number;
}

/**
 * Today's calls, after both have counted. Where WeChat has more, others delete on this account too, and all of ours that are
 * under way may still come on top. Where it has fewer, its number is believed only as far as neither calls under way nor its
 * accuracy explain the difference: its counters may have been cleared. To count too many costs some calls until
 * WeChat is asked again, to count too few a refused call.
 */
export function usedAfterLearning({ ours, theirs, inFlight, justEnded, limit }: UsedCounts): number {
  if (theirs > ours) return theirs + inFlight;
  const tolerance = Math.max(1, Math.ceil(limit * ACCURACY));
  return Math.min(ours, theirs + inFlight + justEnded + tolerance);
}
