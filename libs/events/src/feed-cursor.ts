import { FeedCursorInvalid } from './errors.js';

/** A place in the feed: the last event read, by its transaction and its number. Both are decimal bigints. */
export interface FeedPlace {
  txid: string;
  seq: string;
}

export const FEED_START: FeedPlace = { txid: '0', seq: '0' };

/** Opaque to readers. */
export const feedCursor = ({ txid, seq }: FeedPlace): string => `${txid}.${seq}`;

/** @throws FeedCursorInvalid */
export function readFeedCursor(cursor: string): FeedPlace {
  const [, txid, seq] = /^(0|[1-9]\d{0,17})\.(0|[1-9]\d{0,17})$/.exec(cursor) ?? [];
  if (txid === undefined || seq === undefined) throw new FeedCursorInvalid();
  return { txid, seq };
}
