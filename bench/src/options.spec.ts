import { readOptions } from './options.js';

describe('the options of the benches', () => {
  it('are a full run, kept in the docs, unless told otherwise', () => {
    expect(readOptions([])).toEqual({
      isQuick: false,
      isStrict: false,
      isList: false,
      only: [],
      report: 'docs/benchmarks.md',
      filled: null,
    });
  });

  it('keep no run that is quick or not whole, unless a file is named', () => {
    expect(readOptions(['--quick'])).toMatchObject({ isQuick: true, report: null });
    expect(readOptions(['--only', 'mints', '--only', 'post'])).toMatchObject({ only: ['mints', 'post'], report: null });
    expect(readOptions(['--filled', 'postgres://full'])).toMatchObject({ filled: 'postgres://full', report: null });
    expect(readOptions(['--quick', '--report', 'here.md'])).toMatchObject({ report: 'here.md' });
  });

  it('refuse what they do not know', () => {
    expect(() => readOptions(['--fast'])).toThrow('--fast');
    expect(() => readOptions(['mints'])).toThrow('mints');
  });
});
