import { statement } from './statement.js';

describe('statement', () => {
  it('numbers values in the order in which they are bound', () => {
    const { parameters, bind } = statement();
    expect(`a = ${bind(7)} AND b = ${bind('x')}`).toBe('a = $1 AND b = $2');
    expect(parameters).toEqual([7, 'x']);
  });

  it('goes on after the parameters that are there', () => {
    const { parameters, bind } = statement('first');
    expect(bind(null)).toBe('$2');
    expect(parameters).toEqual(['first', null]);
  });
});
