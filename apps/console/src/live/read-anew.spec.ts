import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { eventTypeWords } from '@app/words';
import type { QueryKey } from '../api/queries.js';
import { changedBy, readAnew } from './read-anew.js';

it.each(Object.keys(eventTypeWords))('%s changes something', (type) => {
  expect(changedBy(type)).toEqual(expect.arrayContaining(['overview', 'events']));
});

it('passes over events that a newer api tells of', () => expect(changedBy('moon.rose')).toEqual([]));

describe('reading anew', () => {
  let queries: QueryClient;
  const answers: ((data: unknown) => void)[] = [];
  const isDue = () => true;

  beforeEach(() => {
    queries = new QueryClient();
    answers.length = 0;
  });
  afterEach(() => queries.clear());

  /** Somebody looks at it. Each read waits for its answer. */
  const look = (queryKey: QueryKey, staleTime?: 'static') =>
    new QueryObserver(queries, {
      queryKey,
      queryFn: () => new Promise<unknown>((resolve) => answers.push(resolve)),
      ...(staleTime && { staleTime }),
    }).subscribe(() => undefined);

  const answer = async (data: unknown = {}) => {
    answers.shift()?.(data);
    await new Promise(setImmediate);
  };

  it('lets a read that is under way come to its end, and follows it with one more', async () => {
    look(['deletions', 'one']);
    const late = readAnew(queries, isDue);
    expect([answers.length, late.size]).toEqual([1, 1]);

    await answer('as it was before');
    expect(queries.getQueryData(['deletions', 'one'])).toBe('as it was before');
    expect(readAnew(queries, ({ queryHash }) => late.has(queryHash)).size).toBe(0);
    await answer('as it is');
    expect(queries.getQueryData(['deletions', 'one'])).toBe('as it is');
    expect(answers).toHaveLength(0);
  });

  it('marks a long list as old, and leaves the reading to the viewer', async () => {
    look(['deletions', 'list']);
    await answer({ pages: [1, 2, 3] });
    readAnew(queries, isDue);
    await new Promise(setImmediate);
    expect(answers).toHaveLength(0);
    expect(queries.getQueryState(['deletions', 'list'])?.isInvalidated).toBe(true);
  });

  it('leaves alone what is not due, and what never changes', async () => {
    look(['merchants', 'one']);
    look(['events', 'beginning'], 'static');
    await answer();
    await answer();
    readAnew(queries, ({ queryKey }) => queryKey[0] === 'events');
    await new Promise(setImmediate);
    expect(answers).toHaveLength(0);
  });
});
