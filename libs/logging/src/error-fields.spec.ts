import { errorFields, withoutStack } from './error-fields.js';

const refused = () => Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });

describe('an error as fields', () => {
  it('has its class, its words, its code, and the stacks of all that caused it', () => {
    const error = new TypeError('not reached', { cause: refused() });
    const fields = errorFields(error);
    expect(fields).toMatchObject({ type: 'TypeError', message: 'not reached' });
    expect(fields.stack_trace).toMatch(/^TypeError: not reached\n.*\nCaused by: Error: connect ECONNREFUSED/s);
    expect(errorFields(refused())).toMatchObject({ type: 'Error', code: 'ECONNREFUSED' });
  });

  it('has the words of the first where there are several, and none of their own', () => {
    expect(withoutStack(new AggregateError([refused(), refused()]))).toEqual({
      type: 'AggregateError',
      message: 'connect ECONNREFUSED 127.0.0.1:1',
    });
  });

  it('ends where errors are the cause of each other', () => {
    const [one, other] = [new Error('one'), new Error('other')];
    Object.assign(one, { cause: other });
    Object.assign(other, { cause: one });
    expect(errorFields(one).stack_trace?.match(/Caused by/g)).toHaveLength(1);
  });

  it.each([
    ['a text', { message: 'a text' }],
    [undefined, { message: 'undefined' }],
    [null, { message: 'null' }],
    [7n, { message: '7' }],
    [{ a: 1 }, { message: '{"a":1}' }],
  ])('of %p, which is none, is %j', (thrown, fields) => {
    expect(errorFields(thrown)).toEqual(fields);
  });

  it('has no stack where that says nothing', () => {
    expect(withoutStack(refused())).toEqual({
      type: 'Error',
      message: 'connect ECONNREFUSED 127.0.0.1:1',
      code: 'ECONNREFUSED',
    });
  });
});
