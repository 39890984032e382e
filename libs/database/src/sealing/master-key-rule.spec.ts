import { keyFaults, MasterKeysRefused } from './master-key-rule.js';

describe('keyFaults', () => {
  it.each([
    ['the first start', [{ id: 'k1', opens: undefined }], [], []],
    ['the key that is used', [{ id: 'k1', opens: true }], ['k1'], []],
    [
      'a new key in front',
      [
        { id: 'k2', opens: undefined },
        { id: 'k1', opens: true },
      ],
      ['k1'],
      [],
    ],
    ['an old key that nothing needs any more, left out', [{ id: 'k2', opens: true }], ['k2'], []],
    ['a key left out too early', [{ id: 'k2', opens: true }], ['k1', 'k2'], [{ keyId: 'k1', fault: 'missing' }]],
    ['another key by a used id', [{ id: 'k1', opens: false }], ['k1'], [{ keyId: 'k1', fault: 'wrong' }]],
    ['another key by an id that no row uses', [{ id: 'k1', opens: false }], [], [{ keyId: 'k1', fault: 'wrong' }]],
    [
      'two faults at once',
      [{ id: 'k2', opens: false }],
      ['k1', 'k2'],
      [
        { keyId: 'k1', fault: 'missing' },
        { keyId: 'k2', fault: 'wrong' },
      ],
    ],
  ])('judges %s', (_what, given, used, faults) => {
    expect(keyFaults(given, used)).toEqual(faults);
  });
});

it('tells in one line which rows need which key', () => {
  const faults = [
    { keyId: 'k1', fault: 'missing' as const },
    { keyId: 'k2', fault: 'wrong' as const },
  ];
  const uses = [
    { keyId: 'k1', table: 'merchants', rows: 200 },
    { keyId: 'k1', table: 'platforms', rows: 1 },
  ];
  expect(new MasterKeysRefused(faults, uses).message).toBe(
    'MASTER_KEYS does not fit the database. Key "k1" is missing. Rows that need it: merchants 200, platforms 1. ' +
      'Key "k2" is not the one that was used by this id. No row needs it: give your key another id.',
  );
});
