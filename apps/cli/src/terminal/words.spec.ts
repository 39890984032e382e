import { completionScript, type Word } from './completion-scripts.js';
import { exitCodeOf } from './exit-codes.js';
import { etaInWords, Pace, rateInWords } from './pace.js';
import { count, firstOf, plain, plainLines, span, table } from './words.js';

it.each([
  [{ done: 3, missed: 0 }, 0],
  [{ done: 0, missed: 0 }, 0],
  [{ done: 3, missed: 1 }, 4],
  [{ done: 0, missed: 1 }, 1],
])('ends %j with %d', (end, code) => {
  expect(exitCodeOf(end)).toBe(code);
});

it.each([
  [0, '0 s'],
  [-5, '0 s'],
  [1_200, '2 s'],
  [61_000, '2 min'],
  [3_660_000, '1 h 1 min'],
  [90_000_000, '1 d 1 h'],
])('calls %d ms %s', (ms, text) => {
  expect(span(ms)).toBe(text);
});

it('counts in words', () => {
  expect([count(1, 'deletion'), count(2_000, 'deletion')]).toEqual(['1 deletion', '2,000 deletions']);
  expect(firstOf(['a', 'b', 'c'], 2)).toBe('a, b and 1 more');
  expect(firstOf(['a', 'b'], 2)).toBe('a, b');
});

it('aligns columns, also of wide characters', () => {
  expect(
    table([
      ['名', 'x'],
      ['abc', 'y'],
    ]),
  ).toBe('名   x\nabc  y');
});

it('lets nothing through that a terminal would obey', () => {
  expect(plain('a\u001b[31mb\u0007\u202ec')).toBe('a [31mb  c');
});

describe('the pace', () => {
  it('is that of the last minute', () => {
    const pace = new Pace();
    pace.note(0, 0);
    expect(pace.perSecond).toBe(0);
    pace.note(100, 10_000);
    expect(pace.perSecond).toBe(10);
    pace.note(100, 200_000);
    pace.note(130, 260_000);
    expect(pace.perSecond).toBe(0.5);
  });

  it.each([
    [0, '-/s'],
    [0.05, '3.0/min'],
    [0.5, '30/min'],
    [2.5, '2.5/s'],
    [120, '120/s'],
  ])('%d a second is %s', (perSecond, text) => {
    expect(rateInWords(perSecond)).toBe(text);
  });

  it('tells the end by what the service says, else by itself', () => {
    const now = Date.parse('2026-11-29T10:00:00Z');
    expect(etaInWords(10, 2, '2026-11-29T12:30:00Z', now)).toBe('2 h 30 min');
    expect(etaInWords(10, 2, '2026-11-29T10:00:30Z', now)).toBe('5 s');
    expect(etaInWords(10, 0, null, now)).toBe('-');
    expect(etaInWords(0, 2, '2026-11-29T12:30:00Z', now)).toBe('0 s');
  });
});

it('completes in every shell what there is', () => {
  const words: Word[] = [
    { path: [], text: 'admin', does: "the operators' own" },
    { path: ['admin'], text: '--keys', does: 'a: b' },
  ];
  expect(completionScript('bash', words)).toContain(`'admin') words='--keys'`);
  expect(completionScript('zsh', words)).toContain(`found=('--keys:a\\: b')`);
  expect(completionScript('fish', words)).toBe(
    `complete -c retract -n '__fish_use_subcommand' -a admin -d 'the operators’ own'\n` +
      `complete -c retract -n '__fish_seen_subcommand_from admin' -l keys -d 'a: b'\n`,
  );
});

it('keeps the lines of a text, and nothing else that a terminal takes for a command', () => {
  expect(plainLines('a\u001b[2Jb\nc\rd\u202ee')).toBe('a [2Jb\nc d e');
});
