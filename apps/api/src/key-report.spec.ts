import { keyReport } from './key-report.js';

const tables = ['platforms', 'merchants'];
const k1 = { keyId: 'k1', table: 'merchants', rows: 12 };
const k2 = { keyId: 'k2', table: 'platforms', rows: 3 };

describe('keyReport', () => {
  it('counts rows by table and key, and says what still needs an older one', () => {
    expect(keyReport(tables, ['k2', 'k1'], [k1, k2], [])).toEqual({
      table: ['table      k2  k1', 'platforms   3   0', 'merchants   0  12'].join('\n'),
      advice: [
        'New secrets are sealed with k2.',
        'k1 must stay: 12 rows need it. Workers that have both keys seal them anew, and so does retract reseal.',
      ],
      problems: [],
    });
  });

  it('says when one can go', () => {
    expect(keyReport(tables, ['k2', 'k1'], [k2], []).advice[1]).toContain('k1 can go');
  });

  it('shows a key that is missing, and never says of a wrong one that it can go', () => {
    const faults = [
      { keyId: 'k1', fault: 'missing' as const },
      { keyId: 'k0', fault: 'wrong' as const },
    ];
    const report = keyReport(tables, ['k2', 'k0'], [k1, k2], faults);
    expect(report.table).toContain('k1');
    expect(report.advice).toEqual(['New secrets are sealed with k2.']);
    expect(report.problems).toEqual([
      'k1 is missing: 12 rows need it.',
      'k0 is wrong: not the key that was used by this id. 0 rows need that one.',
    ]);
  });
});
