import pg, { type ClientConfig } from 'pg';
import { bytesRead, ConnectionWatch, destroy, isAsking, onceEnded, pidOf, type Watched } from './connection-watch.js';

export interface SteadyClientConfig extends ClientConfig {
  /**
   * So long a statement may go without a byte of its answer; absent: for as long as the server works at it. pg's own
   * `query_timeout` would give the connection back to the pool, where the next one waits for the same answer.
   */
  answerWithinMs?: number;
}

/** So long the server may take to hang up. */
const GOODBYE_MS = 2_000;

/** A connection to Postgres whose end, announced or not, is no end of the process. */
export class SteadyClient extends pg.Client implements Watched {
  readonly answerWithinMs: number | undefined;

  constructor(config: SteadyClientConfig = {}) {
    super(config);
    this.answerWithinMs = config.answerWithinMs;
    const watch = ConnectionWatch.of(config);
    watch.add(this);
    onceEnded(this, () => watch.remove(this));
  }

  /**
   * Those who use the connection listen while they use it. Between them there are moments when nobody does, and where
   * an answer and the server's good-bye are read in one go, its error comes in such a moment. Whoever asks next is
   * told.
   */
  override emit(event: string | symbol, ...facts: unknown[]): boolean {
    if (event === 'error' && this.listenerCount('error') === 0) return false;
    return super.emit(event, ...facts);
  }

  get pid(): number | undefined {
    return pidOf(this);
  }

  get isAsking(): boolean {
    return isAsking(this);
  }

  get bytesRead(): number {
    return bytesRead(this);
  }

  breakOff(reason: string): void {
    destroy(this, reason);
  }

  override end(): Promise<void>;
  override end(callback: (error: Error) => void): void;
  override end(callback?: (error: Error) => void): Promise<void> | void {
    // A server that does not answer does not hang up either.
    const timer = setTimeout(() => destroy(this, 'no good-bye'), GOODBYE_MS).unref();
    onceEnded(this, () => clearTimeout(timer));
    return callback ? super.end(callback) : super.end();
  }
}
