import { spawnSync } from 'node:child_process';

const bench = (...words: string[]) =>
  spawnSync(process.execPath, ['dist/bench/src/main.js', ...words], { encoding: 'utf8' });

/** Measuring takes a quiet machine and minutes; that the benches load and know their words does not. */
describe('npm run bench', () => {
  it('lists its scenarios, one a line', () => {
    const { status, stdout } = bench('--list');
    expect(status).toBe(0);
    expect(stdout.split('\n')).toEqual(expect.arrayContaining([expect.stringMatching(/^steady +\S/)]));
  });

  it('refuses a scenario or a word that it does not know, before it starts anything', () => {
    expect(bench('--only', 'nonsense')).toMatchObject({ status: 2, stderr: expect.stringContaining('nonsense') });
    expect(bench('--nonsense')).toMatchObject({ status: 2, stderr: expect.stringContaining('--quick') });
  });
});
