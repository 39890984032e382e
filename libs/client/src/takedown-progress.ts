import { RetractConnectionError, RetractError } from './errors.js';
import type { Client, RequestOptions } from './generated/client/index.js';
import { takedownsFollow, type Event, type Takedown } from './generated/index.js';
import { pause } from './pause.js';

type Progress = Pick<
  Takedown,
  'id' | 'state' | 'accepted' | 'already_open' | 'already_deleted' | 'rejected' | 'counts' | 'eta' | 'finished_at'
>;

/** `id`: where to go on from. */
export type TakedownProgress =
  | { event: 'progress' | 'finished'; id: string; data: Progress }
  /** One of its deletions has come to an end. */
  | { event: 'deletion'; id: string; data: Event };

export interface FollowTakedown {
  /** The `id` of what was read last; without it, from now on. */
  lastEventId?: string | undefined;
  signal?: AbortSignal | undefined;
}

type StreamEvent = Parameters<NonNullable<RequestOptions['onSseEvent']>>[0];

const PAUSE_MS = 1_000;

/** A stream that was cut off goes on where it was. */
export async function* followTakedown(
  client: Client,
  id: string,
  { lastEventId, signal }: FollowTakedown,
): AsyncGenerator<TakedownProgress, void> {
  for (let last = lastEventId; ; await pause(PAUSE_MS, signal)) {
    let seen: StreamEvent | undefined;
    let failure: unknown;
    const { stream } = await takedownsFollow({
      client,
      path: { id },
      ...(last !== undefined && { headers: { 'Last-Event-ID': last } }),
      ...(signal && { signal }),
      sseMaxRetryAttempts: 1,
      onSseEvent: (event) => (seen = event),
      onSseError: (error) => (failure = error),
    });
    for await (const data of stream) {
      const progress = { event: seen?.event, id: seen?.id, data } as unknown as TakedownProgress;
      last = progress.id;
      yield progress;
      if (progress.event === 'finished') return;
    }
    signal?.throwIfAborted();
    // The connection was refused, or could not be had; one that was cut off is only begun anew.
    if (failure instanceof RetractError || failure instanceof RetractConnectionError) throw failure;
  }
}
