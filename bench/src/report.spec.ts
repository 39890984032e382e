import type { Figure } from './figures.js';
import { markdown, MARK, sentenceOf, tableOf } from './report.js';

const figure: Figure = {
  what: 'rate',
  ours: '8 /s',
  baseline: '10 /s',
  ratio: 0.8,
  target: '≥ 0.8×',
  verdict: 'pass',
  note: '2 cores',
};
const played = [{ scenario: { name: 'steady', title: 'a rate' }, figures: [figure] }];

describe('the report', () => {
  it('is one table with aligned columns', () => {
    const lines = tableOf(played).split('\n');
    expect(lines).toHaveLength(3);
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
    expect(lines[2]).toBe('| steady   | rate   | 8 /s | 10 /s    | 0.80× | ≥ 0.8× | pass    | 2 cores |');
  });

  it('says a figure in a line', () => {
    expect(sentenceOf(figure)).toBe('rate: 8 /s against 10 /s, 0.80× (target ≥ 0.8×): pass; 2 cores');
  });

  it('stands below its mark, with machine and command', () => {
    const text = markdown(played, { machine: '2 cores', command: 'npm run bench', seconds: 1_300 });
    expect(text.startsWith(MARK)).toBe(true);
    expect(text).toMatch(/`npm run bench` on \d{4}-\d\d-\d\d, 22 minutes. 2 cores./);
    expect(text).toContain(tableOf(played));
  });
});
