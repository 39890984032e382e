import { readFileSync } from 'node:fs';
import { exitCodeOf, readKeySet, summaryOf, tellProof, verifyProof, type KeySet, type ProofReport } from './index.js';

const FORMATS = ['json', 'ndjson', 'csv'];
/** As the release before signatures exported it; in CSV a lone line feed stands in it without quotes. */
const before = (format: string) => readFileSync(`test/vectors/proof-of-version-1.${format}`, 'utf8');
const codeOf = async (text: string, jwks?: KeySet) => (await verifyProof([text], jwks)).code;

describe('an export of before signatures', () => {
  it.each(FORMATS)('has its chain checked, and no more, as %s', async (format) => {
    for (const jwks of [undefined, { keys: [] }]) {
      const report = await verifyProof([before(format)], jwks);
      expect(report).toMatchObject({
        verdict: 'chain_only',
        code: 'unsigned',
        proof: { subject: 'takedown', count: 3 },
      });
      expect(exitCodeOf(report.verdict)).toBe(3);
    }
  });

  it.each(FORMATS)('is refused when it was changed, as %s', async (format) => {
    expect(await codeOf(before(format).replace('6b04', '6b05'))).toBe('changed');
    expect(await verifyProof([before(format).trimEnd().slice(0, -4)])).toMatchObject({ verdict: 'refused' });
  });

  it.each(FORMATS)('is read the same in pieces of any size, as %s', async (format) => {
    const whole = await verifyProof([before(format)]);
    for (const size of [1, 7, 64]) {
      expect(await verifyProof(before(format).match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [])).toEqual(whole);
    }
  });

  it('is compared with what was noted of its end', async () => {
    const { proof } = await verifyProof([before('csv')]);
    expect(await verifyProof([before('csv')], undefined, { lastHash: proof?.lastHash })).toMatchObject({
      code: 'unsigned',
    });
    const other = await verifyProof([before('csv')], undefined, { lastHash: '0'.repeat(64) });
    expect(other).toMatchObject({ verdict: 'refused', code: 'other_export' });
    expect(summaryOf(other)).toBe(
      `not ok: whole, but not the export that was noted: its last hash is ${proof?.lastHash}`,
    );
  });
});

it.each<[string, string]>([
  ['', 'empty'],
  ['\n', 'other_columns'],
  ['{}\n', 'out_of_order'],
  ['{"data":[\n]}\n', 'misplaced'],
  ['{"data":[\n', 'cut_off'],
  ['null\n', 'other_columns'],
  ['[{}]\n', 'other_columns'],
  ['"\n', 'other_columns'],
])('refuses %j, which is no proof', async (text, code) => {
  expect(await verifyProof([text])).toEqual({ verdict: 'refused', code, line: expect.any(Number) });
});

it.each(['', 'x', '[]', '{}', '{"keys":{}}', 'null', '{"data":[\n'])('takes %j for no key set', (text) => {
  expect(() => readKeySet(text)).toThrow(/^The key file is/);
});

it('takes a key set with a byte order mark in front', () => {
  expect(readKeySet('\u{feff}{"keys":[]}')).toEqual({ keys: [] });
});

describe('the words for a report', () => {
  const proof = { subject: 'takedown', id: 'x', count: 1, exportedAt: '2026-11-23T11:00:00.000Z', lastHash: 'ab' };
  const period = { ...proof, subject: 'period', id: '2026-10-01T00:00:00.000Z/2026-11-01T00:00:00.000Z' };
  const signature = { issuer: 'https://retract.example', signedAt: '2026-11-23T11:00:01.000Z', kid: 'k' };
  const reports: ProofReport[] = [
    { verdict: 'signed', code: 'signed', proof, signature },
    { verdict: 'signed', code: 'signed', proof, signature: { ...signature, retiredAt: '2026-12-01T00:00:00.000Z' } },
    { verdict: 'chain_only', code: 'no_keys', proof, signature },
    { verdict: 'chain_only', code: 'no_ed25519', proof, signature },
    { verdict: 'chain_only', code: 'unsigned', proof },
    { verdict: 'signed', code: 'signed', proof: period, signature },
    { verdict: 'signed', code: 'signed', proof: { ...period, only: ['wx1', 'wx2'] }, signature },
    { verdict: 'refused', code: 'changed', line: 7 },
    { verdict: 'refused', code: 'other_export', proof },
  ];

  it.each(['en', 'zh'] as const)('are whole in %s', (language) => {
    for (const report of reports) {
      const { heading, sentences } = tellProof(report, language);
      for (const sentence of [heading, ...sentences]) {
        expect(sentence).toMatch(/[.。]$/);
        expect(sentence).not.toMatch(/undefined|[#%]/);
      }
    }
  });

  it.each([
    ['en', ['ended from 2026-10-01T00:00:00.000Z on and before 2026-11-01T00:00:00.000Z,', 'not of wx1, wx2.']],
    ['zh', ['自 2026-10-01T00:00:00.000Z 起、2026-11-01T00:00:00.000Z 之前结束的撤回', '只包含属于 wx1、wx2 的记录。']],
  ] as const)('say of a period when it was, and what it is confined to, in %s', (language, words) => {
    const [whole = '', confined = ''] = reports
      .filter((report) => report.proof?.subject === 'period')
      .map((report) => tellProof(report, language).sentences.join(' '));
    expect(whole).toContain(words[0]);
    expect(whole).not.toContain('wx1');
    for (const one of words) expect(confined).toContain(one);
  });

  it('never say of an unchecked signature that it is good', () => {
    for (const report of reports.filter(({ verdict }) => verdict !== 'signed')) {
      const { heading, sentences } = tellProof(report, 'en');
      expect([heading, ...sentences].join(' ')).not.toMatch(/as it was issued|signed for/);
    }
  });
});
