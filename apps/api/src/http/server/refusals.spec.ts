import { Logger } from '@nestjs/common';
import { Registry } from 'prom-client';
import { Metrics } from '../../metrics/metrics.js';
import { Refusals, type Refusal } from './refusals.js';

const refused = (code: string): Refusal => ({ code, detail: code, method: 'GET', route: '/v1/merchants' });

describe('what is told of refused requests', () => {
  let lines: [message: string, facts: unknown][];
  let refusals: Refusals;

  beforeEach(() => {
    jest.useFakeTimers();
    lines = [];
    jest.spyOn(Logger.prototype, 'warn').mockImplementation((message, facts) => void lines.push([message, facts]));
    refusals = new Refusals(new Metrics(new Registry()), 60_000);
  });
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  it('is a line a minute for each address', () => {
    for (let i = 0; i < 1_000; i++) refusals.note('192.0.2.1', refused('unauthenticated'));
    refusals.note('192.0.2.1', refused('forbidden'));
    refusals.note('192.0.2.2', refused('push_refused'));
    expect(lines).toEqual([]);
    jest.advanceTimersByTime(60_000);
    const first = { address: '192.0.2.1', count: 1_001, codes: { unauthenticated: 1_000, forbidden: 1 } };
    const second = { address: '192.0.2.2', count: 1, codes: { push_refused: 1 } };
    expect(lines).toEqual([
      ['requests refused', { ...first, last: refused('forbidden') }],
      ['requests refused', { ...second, last: refused('push_refused') }],
    ]);
    jest.advanceTimersByTime(600_000);
    expect(lines).toHaveLength(2);
  });

  it('is told at the end of the process as well, and bounded', () => {
    for (let i = 0; i < 1_000; i++) refusals.note(`address ${i}`, refused('unauthenticated'));
    refusals.onModuleDestroy();
    expect(lines).toHaveLength(101);
    expect(lines.at(-1)).toEqual(['requests refused from more addresses', { count: 900 }]);
  });
});
