export class FeedCursorInvalid extends Error {
  readonly code = 'feed_cursor_invalid';

  constructor() {
    super('Not a cursor of the events feed: send one that the feed gave, or none.');
    this.name = new.target.name;
  }
}
