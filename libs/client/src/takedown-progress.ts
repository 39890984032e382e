import type { Event, Takedown } from './generated/index.js';
import { followStream } from './stream.js';

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

/** A stream that was cut off goes on where it was. */
export async function* followTakedown(
  open: (lastEventId: string | undefined) => Promise<ReadableStream<Uint8Array>>,
  { lastEventId, signal }: FollowTakedown,
): AsyncGenerator<TakedownProgress, void> {
  for await (const { id, event, data } of followStream(open, lastEventId, signal)) {
    if (data === undefined) continue;
    yield { event, id, data: JSON.parse(data) as unknown } as TakedownProgress;
    if (event === 'finished') return;
  }
}
