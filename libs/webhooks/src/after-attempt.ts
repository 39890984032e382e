import type { Backoff } from '@app/queue';

/** The outcome of an attempt: the HTTP status, or why there was none. */
export type Answer = { status: number } | { error: string };

export type AfterAttempt =
  | { step: 'delivered' }
  | { step: 'retry'; delayMs: number }
  /** `disable`: the endpoint gets nothing more. */
  | { step: 'failed'; disable?: 'gone' | 'failing' };

export interface RetrySchedule {
  /** The number of attempts of a delivery. */
  attempts: number;
  backoff: Backoff;
}

export interface AttemptFacts {
  /** This attempt, from 1. */
  attempt: number;
  /** One that somebody asked for to see whether it works: its failure is news to them, and proves nothing. */
  isTest: boolean;
  createdAt: Date;
  /** The last time that anything got through to the endpoint. */
  lastDeliveredAt: Date | null;
}

/**
 * The step after an attempt. Any 2xx is success; nothing else is, redirects neither. An endpoint that says it is
 * gone is believed; one to which nothing got through while a delivery was tried from beginning to end is given up.
 */
export function afterAttempt(answer: Answer, facts: AttemptFacts, { attempts, backoff }: RetrySchedule): AfterAttempt {
  const status = 'status' in answer ? answer.status : 0;
  if (status >= 200 && status < 300) return { step: 'delivered' };
  if (facts.isTest) return { step: 'failed' };
  if (status === 410) return { step: 'failed', disable: 'gone' };
  if (facts.attempt < attempts) return { step: 'retry', delayMs: backoff(facts.attempt) };
  const { lastDeliveredAt, createdAt } = facts;
  const isDead = lastDeliveredAt === null || lastDeliveredAt < createdAt;
  return { step: 'failed', ...(isDead && { disable: 'failing' as const }) };
}
