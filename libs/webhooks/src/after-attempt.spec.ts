import { afterAttempt, type Answer } from './after-attempt.js';

const schedule = { attempts: 3, backoff: (attempt: number) => attempt * 1000 };
const createdAt = new Date(1_000_000);
const facts = { attempt: 1, isTest: false, createdAt, lastDeliveredAt: null };
const [earlier, later] = [new Date(999_999), new Date(1_000_001)];

describe('after an attempt', () => {
  it.each([200, 201, 202, 204, 299])('%i is success, even of the last attempt', (status) => {
    expect(afterAttempt({ status }, { ...facts, attempt: 3 }, schedule)).toEqual({ step: 'delivered' });
  });

  it.each<Answer>([
    { status: 301 },
    { status: 302 },
    { status: 400 },
    { status: 401 },
    { status: 404 },
    { status: 429 },
    { status: 500 },
    { status: 503 },
    { error: 'timeout' },
    { error: 'private_address' },
  ])('%j is tried again, later each time, until the last attempt', (answer) => {
    const after = (attempt: number) => afterAttempt(answer, { ...facts, attempt }, schedule);
    expect(after(1)).toEqual({ step: 'retry', delayMs: 1000 });
    expect(after(2)).toEqual({ step: 'retry', delayMs: 2000 });
    expect(after(3)).toEqual({ step: 'failed', disable: 'failing' });
  });

  it.each([
    ['nothing ever got through', null, 'failing'],
    ['nothing has got through since it was made', earlier, 'failing'],
    ['something got through as it was made', createdAt, undefined],
    ['something else got through meanwhile', later, undefined],
  ])('the endpoint is judged by the last attempt: %s', (_what, lastDeliveredAt, disable) => {
    const after = afterAttempt({ status: 500 }, { ...facts, attempt: 3, lastDeliveredAt }, schedule);
    expect(after).toEqual({ step: 'failed', ...(disable && { disable }) });
  });

  it('410 ends it at once, whatever got through before', () => {
    const after = afterAttempt({ status: 410 }, { ...facts, lastDeliveredAt: later }, schedule);
    expect(after).toEqual({ step: 'failed', disable: 'gone' });
  });

  it.each<Answer>([{ status: 500 }, { status: 410 }, { error: 'timeout' }])(
    'a test that gets %j is not repeated',
    (answer) => {
      expect(afterAttempt(answer, { ...facts, isTest: true }, schedule)).toEqual({ step: 'failed' });
      expect(afterAttempt(answer, { ...facts, isTest: true, attempt: 3 }, schedule)).toEqual({ step: 'failed' });
    },
  );
});
