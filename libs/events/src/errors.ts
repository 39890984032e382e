/** What a reader of the feed is told of its cursor. */
export abstract class FeedCursorRefused extends Error {
  abstract readonly code: string;

  constructor(message: string) {
    super(message);
    this.name = new.target.name;
  }
}

export class FeedCursorInvalid extends FeedCursorRefused {
  readonly code = 'feed_cursor_invalid';

  constructor() {
    super('Not a cursor of the events feed: send one that the feed gave, or none.');
  }
}

/** Events behind it were forgotten before they were read. */
export class FeedCursorExpired extends FeedCursorRefused {
  readonly code = 'feed_cursor_expired';

  constructor() {
    super('Events behind this cursor are no longer kept: read from the oldest that is, without a cursor.');
  }
}
