import { isChosen, isWhole, toggleSubject, toggleType, typesBySubject } from './event-choice.js';

describe('the choice of events', () => {
  it('is offered by subject', () => {
    expect([...typesBySubject.keys()]).toEqual(expect.arrayContaining(['merchant', 'platform', 'deletion']));
    expect(typesBySubject.get('deletion')).toContain('deletion.failed');
  });

  it('takes all of a subject, and leaves it', () => {
    expect(toggleSubject(['deletion.failed', 'takedown.finished'], 'deletion')).toEqual([
      'takedown.finished',
      'deletion.*',
    ]);
    expect(toggleSubject(['takedown.finished', 'deletion.*'], 'deletion')).toEqual(['takedown.finished']);
  });

  it('takes a type, and leaves it', () => {
    expect(toggleType([], 'takedown.finished')).toEqual(['takedown.finished']);
    expect(toggleType(['deletion.*', 'takedown.finished'], 'takedown.finished')).toEqual(['deletion.*']);
  });

  it('is the other types when a whole subject loses one', () => {
    const left = toggleType(['deletion.*'], 'deletion.verified');
    expect(left).toContain('deletion.failed');
    expect(left).not.toContain('deletion.*');
    expect(isChosen(left, 'deletion.verified')).toBe(false);
  });

  it('is the other subjects when everything loses one', () => {
    const left = toggleSubject(['*'], 'webhook');
    expect(isWhole(left, 'webhook')).toBe(false);
    expect(isWhole(left, 'deletion')).toBe(true);
    expect(isChosen(left, 'platform.held')).toBe(true);
  });

  it('has every type where it is everything', () => {
    for (const type of [...typesBySubject.values()].flat()) expect(isChosen(['*'], type)).toBe(true);
  });
});
