import { GiveUp, RetryAfter } from './errors.js';
import { nextStep } from './next-step.js';

const backoff = (attemptsMade: number) => attemptsMade * 100;
const retry = (delayMs: number) => ({ step: 'retry', delayMs });
const giveUp = { step: 'give up' };

describe('the step after a failed attempt', () => {
  it.each([
    ['an error, attempts remain', new Error('unexpected'), 1, retry(100)],
    ['a later error, attempts remain', new Error('unexpected'), 5, retry(500)],
    ['an error on the last attempt', new Error('unexpected'), 6, giveUp],
    ['an error beyond the last attempt', new Error('unexpected'), 7, giveUp],
    ['something thrown that is no error', 'unexpected', 2, retry(200)],
    ['the handler asks for a time', new RetryAfter(77), 1, retry(77)],
    ['the handler asks for a fraction of time', new RetryAfter(0.4), 1, retry(0)],
    ['the handler asks for a time that has passed', new RetryAfter(-5), 1, retry(0)],
    ['the handler asks for a time on the last attempt', new RetryAfter(77), 6, giveUp],
    ['the handler gives up', new GiveUp('refused'), 1, giveUp],
    ['the handler gives up on the last attempt', new GiveUp('refused'), 6, giveUp],
  ])('%s', (_case, error, attempt, expected) => {
    expect(nextStep(error, attempt, 6, backoff)).toEqual(expected);
  });
});
