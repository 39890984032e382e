/** A part of a sweep. One that fails does not stop the others. */
export type Step = () => Promise<unknown>;

/** A push whose job is just being added is no lost one. */
export const LOST_AFTER_MS = 10_000;
