import { ProblemError, problemOf, seenAt } from './problem.js';

describe('a problem', () => {
  it('has a code that has a page: any other does not compile', () => {
    // @ts-expect-error no such code
    expect(new ProblemError('not_fuond', 'misspelt').message).toBe('misspelt');
  });

  it.each([
    ['https://x.example', '/docs/problems/not_found'],
    ['https://x.example/retract', '/retract/docs/problems/not_found'],
    ['https://x.example/a/b/', '/a/b/docs/problems/not_found'],
  ])('leads those who come by %s to %s', (publicUrl, type) => {
    const problem = problemOf('not_found', 'There is nothing.');
    expect(seenAt(publicUrl, problem)).toEqual({ ...problem, type });
  });
});
