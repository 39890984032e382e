/** 群发与通知: what deleting a mass message takes. A merchant may untick it, so look for it in every grant. */
export const MASS_AND_NOTIFICATION = 7;
