import { channel } from 'node:diagnostics_channel';

/** The first delete call of a deletion since it left its lane. */
export interface FirstCall {
  isUrgent: boolean;
  /** Since its lane was due for it. */
  delayMs: number;
}

/** A deletion that a run of this process has ended. */
export interface RunEnded {
  state: 'succeeded' | 'failed';
  isUrgent: boolean;
  /** Since it was accepted. */
  tookMs: number;
}

/** Whether this process hands deletions out. */
export interface Leading {
  isLeading: boolean;
}

/** What happens here is published, for whoever measures it. A listener must not throw. */
export const firstCalls = channel('retract.first-calls');
export const runsEnded = channel('retract.runs-ended');
export const leading = channel('retract.leading');
