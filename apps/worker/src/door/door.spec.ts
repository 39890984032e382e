import { isLoopback } from './door.js';

describe('an address that only this machine reaches', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.8.9.1', true],
    ['::1', true],
    ['localhost', true],
    ['0.0.0.0', false],
    ['::', false],
    ['10.0.0.3', false],
    ['128.0.0.1', false],
    ['fd00::1', false],
    ['worker.internal', false],
    ['localhost.example', false],
  ])('%s: %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
});
