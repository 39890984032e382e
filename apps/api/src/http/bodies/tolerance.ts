/** The time and the tries that slow, silent and unknown clients get. */
export interface Tolerance {
  /** For the whole head of a request; on a connection on which nothing was ever sent as well. */
  headMs: number;
  /** For a body, and a second more for each 16 kB of it: a large one may take its time, one that drips may not. */
  bodyMs: number;
  /** For the next bytes of a body of lines, which may itself go on for hours. */
  linesMs: number;
  /** For what it was sent of a stream of events: who reads no further is let go. */
  unreadMs: number;
  /** So many keys that are none an address may try in a minute. */
  failedKeysPerMinute: number;
  /** So often an address may click on the authorization page in a minute without a link. */
  clicksPerMinute: number;
  /** So often the log tells of who was refused. */
  refusalsToldEveryMs: number;
}

export const TOLERANCE: Readonly<Tolerance> = {
  // Backends send a head in one piece.
  headMs: 15_000,
  // And a body right behind it.
  bodyMs: 30_000,
  // Who writes lines may first have to look them up; for a silence of five minutes a worker gives the takedown up
  // anyway.
  linesMs: 60_000,
  // A page that sleeps, or a network that is gone.
  unreadMs: 30_000,
  // A client with a wrong key is mended by a person; at this pace nobody guesses one in a lifetime.
  failedKeysPerMinute: 60,
  // Several admins behind one address, each with a second try.
  clicksPerMinute: 10,
  refusalsToldEveryMs: 60_000,
};
