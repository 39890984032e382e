import { classify, documentedWaitMs, errcodes, type OutcomeClass } from './errcodes.js';

// Told again here from WeChat's pages on purpose: a slip in the table must show.
const expected: Record<OutcomeClass, number[]> = {
  done: [0],
  credential_expired: [40001, 40014, 42001, 42006],
  unknown_outcome: [-1, 40060, 61008],
  already_gone: [40065],
  too_fast: [45011, 45066, 45085, 45102],
  quota_spent: [45009, 45028, 45040, 45104],
  merchant_must_act: [
    40030, 41003, 42002, 42007, 43007, 48001, 48003, 48004, 50001, 50002, 61003, 61007, 61009, 61010, 61016, 61017,
    61018, 61019, 61023,
  ],
  admin_must_confirm: [89501, 89502, 89503, 89504, 89505, 89506, 89507],
  platform_broken: [
    40013, 40066, 40090, 40091, 40094, 40125, 40164, 40222, 40234, 40243, 41002, 41004, 41018, 41021, 43001, 43002,
    43003, 45035, 45103, 48017, 61000, 61001, 61004, 61005, 61006, 61011, 61024, 61028, 61029, 61030,
  ],
  refused: [
    40002, 40003, 40007, 40008, 40031, 40032, 40033, 40059, 40099, 40130, 40163, 40170, 40201, 40202, 40203, 40204,
    41001, 44002, 45001, 45062, 45063, 45065, 45067, 45083, 45084, 47001, 47002, 48002, 48005, 48006, 48008, 48009,
    50003, 50004, 50005, 61002, 61012, 61013, 61014, 61015, 61025, 61051, 61070, 76001, 76002, 76003, 76004, 76021,
    76022, 9500001,
  ],
};

const rows = Object.entries(expected).flatMap(([outcome, codes]) => codes.map((code) => [code, outcome] as const));

describe('errcodes', () => {
  it.each(rows)('%i is %s', (code, outcome) => {
    expect(classify(code)).toBe(outcome);
  });

  it('has each code once and no other', () => {
    const codes = Object.values(errcodes).flat();
    const ascending = (a: number, b: number) => a - b;
    expect(codes.sort(ascending)).toEqual(rows.map(([code]) => code).sort(ascending));
  });

  it.each([1, -2, 99999, 9001001, 9001036, Number.NaN])('refuses the unknown code %d', (code) => {
    expect(classify(code)).toBe('refused');
  });

  it('knows how long to wait where WeChat says so', () => {
    expect(documentedWaitMs(45011)).toBe(60_000);
    expect(documentedWaitMs(89506)).toBe(86_400_000);
    expect(documentedWaitMs(89507)).toBe(3_600_000);
    expect(documentedWaitMs(89503)).toBeUndefined();
  });
});
