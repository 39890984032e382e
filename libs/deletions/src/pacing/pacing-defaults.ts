/** The injection token of the deployment's PacingDefaults. */
export const PACING_DEFAULTS = Symbol('PacingDefaults');

/** The limits of a merchant for whom neither WeChat nor an operator has said others. */
export interface PacingDefaults {
  ratePerMinute: number;
  dailyLimit: number;
  /** Calls a day that only urgent deletions may use. */
  urgentReserve: number;
}
