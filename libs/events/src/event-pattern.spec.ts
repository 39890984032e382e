import { isEventPattern, matchesPattern, typesOf } from './event-pattern.js';
import { eventTypes } from './event-types.js';

describe('a pattern of event types', () => {
  it.each([
    ['*', 'deletion.failed', true],
    ['deletion.failed', 'deletion.failed', true],
    ['deletion.*', 'deletion.failed', true],
    ['deletion.*', 'deletions.failed', false],
    ['deletion.*', 'takedown.finished', false],
    ['deletion.fail', 'deletion.failed', false],
    ['deletion', 'deletion.failed', false],
    ['.*', 'deletion.failed', false],
    ['', 'deletion.failed', false],
  ])('%j matches %s: %s', (pattern, type, isMatch) => {
    expect(matchesPattern(pattern, type)).toBe(isMatch);
  });

  it.each(['*', 'merchant.*', 'takedown.finished'])('%s is one', (text) => expect(isEventPattern(text)).toBe(true));

  it.each(['', '.*', '**', 'nothing.*', 'deletion', 'deletion.gone', '*.failed'])('%j is none', (text) => {
    expect(isEventPattern(text)).toBe(false);
  });

  it('stands for the types that match any of several', () => {
    expect(typesOf(['takedown.*', 'takedown.created', 'deletion.failed'])).toEqual([
      'deletion.failed',
      'takedown.created',
      'takedown.finished',
      'takedown.cancelled',
    ]);
    expect(typesOf(['*'])).toEqual(eventTypes);
    expect(typesOf([])).toEqual([]);
  });
});
