import { HttpException } from '@nestjs/common';
import { databaseShortage, type DatabaseShortage } from '@app/database';
import { QueueError, queueShortage, type QueueShortage } from '@app/queue';

/** A request fails for too little of something. That is nobody's mistake, so the same request is right later. */
export type Shortage = DatabaseShortage | QueueShortage;

interface ShortageDescription {
  detail: string;
  retryAfterSeconds: number;
}

/** A client may soon ask again where a lack mends itself; the rest takes a person. */
const SHORTAGES: Record<Shortage, ShortageDescription> = {
  database_unavailable: { detail: 'The database does not answer: try again shortly.', retryAfterSeconds: 5 },
  database_busy: { detail: 'No connection to the database was free in time: try again shortly.', retryAfterSeconds: 2 },
  database_full: { detail: 'The disk of the database is full: nothing can be written.', retryAfterSeconds: 30 },
  database_read_only: { detail: 'The database takes no writes just now.', retryAfterSeconds: 10 },
  database_out_of_memory: { detail: 'The database is short of memory: try again shortly.', retryAfterSeconds: 10 },
  queue_unavailable: { detail: 'The queue does not answer: try again shortly.', retryAfterSeconds: 5 },
  queue_full: { detail: 'The queue has no room: nothing can be added to it.', retryAfterSeconds: 30 },
  queue_read_only: { detail: 'The queue takes no writes just now.', retryAfterSeconds: 10 },
  queue_refused: { detail: 'The server of the queue refuses this service.', retryAfterSeconds: 30 },
};

export const shortages = Object.keys(SHORTAGES) as Shortage[];

export const isShortage = (code: string): code is Shortage => Object.hasOwn(SHORTAGES, code);

export const describeShortage = (shortage: Shortage): ShortageDescription => SHORTAGES[shortage];

/** @returns the shortage that an error tells of, if nobody has explained the error before */
export function shortageOf(error: unknown): Shortage | undefined {
  if (error instanceof QueueError) return queueShortage(error);
  // Errors of Nest and Fastify are about the request, whatever their cause.
  if (error instanceof HttpException || (error instanceof Error && 'statusCode' in error)) return undefined;
  return databaseShortage(error);
}
