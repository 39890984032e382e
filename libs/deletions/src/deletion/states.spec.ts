import { canBecome, statesBefore, type DeletionState } from './states.js';

const all: DeletionState[] = ['scheduled', 'queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled'];

describe('the states of a deletion', () => {
  it.each<[DeletionState, DeletionState[]]>([
    ['scheduled', ['queued', 'failed', 'cancelled']],
    ['queued', ['running', 'failed', 'cancelled']],
    ['running', ['queued', 'waiting', 'succeeded', 'failed']],
    ['waiting', ['queued', 'running', 'failed', 'cancelled']],
    ['succeeded', []],
    ['failed', ['queued']],
    ['cancelled', []],
  ])('lead from %s to %j and nowhere else', (from, next) => {
    expect(all.filter((to) => canBecome(from, to))).toEqual(next);
  });

  it('can be asked backwards', () => {
    for (const to of all) expect(statesBefore(to)).toEqual(all.filter((from) => canBecome(from, to)));
  });
});
