import fc from 'fast-check';
import { z } from 'zod';
import { readJsonLine, readNdjson, type Line } from './ndjson.js';

const OPTIONS = { maxLineBytes: 64, batchLines: 3, batchBytes: 100, batchMs: 60_000 };

async function* chunksOf(...chunks: (string | Buffer)[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield Promise.resolve(Buffer.from(chunk));
}

async function batchesOf(...chunks: (string | Buffer)[]): Promise<Line[][]> {
  const batches: Line[][] = [];
  for await (const batch of readNdjson(chunksOf(...chunks), OPTIONS)) batches.push(batch);
  return batches;
}

describe('a body of NDJSON', () => {
  it('is read line by line, wherever it was cut', async () => {
    expect(await batchesOf('{"a":', '1}\n{"b"', ':2}\r\n', '{"c":3}')).toEqual([
      [
        { line: 1, text: '{"a":1}' },
        { line: 2, text: '{"b":2}' },
        { line: 3, text: '{"c":3}' },
      ],
    ]);
  });

  it('comes in batches', async () => {
    const sizes = (await batchesOf('1\n2\n3\n4\n5\n6\n7\n')).map((batch) => batch.length);
    expect(sizes).toEqual([3, 3, 1]);
  });

  it('comes in smaller ones when the lines are long', async () => {
    const long = `"${'x'.repeat(58)}"`;
    const sizes = (await batchesOf(`${long}\n${long}\n1\n2\n3\n4\n`)).map((batch) => batch.length);
    expect(sizes).toEqual([2, 3, 1]);
  });

  it('has lines that are empty, which count and are passed over', async () => {
    expect(await batchesOf('\n  \r\n{}\n\n')).toEqual([[{ line: 3, text: '{}' }]]);
  });

  it('may begin with a byte order mark', async () => {
    expect(await batchesOf('\ufeff{}\n\ufeff{}')).toEqual([
      [
        { line: 1, text: '{}' },
        { line: 2, text: '\ufeff{}' },
      ],
    ]);
  });

  it.each([
    ['too long by one', `"${'x'.repeat(63)}"`, 'line_too_long'],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'body_not_utf8'],
    ['cut within a character', Buffer.from('"ä"').subarray(0, 2), 'body_not_utf8'],
  ])('says which line is %s, and goes on', async (_what, bad, refusal) => {
    const body = Buffer.concat([Buffer.from('1\n'), Buffer.from(bad), Buffer.from('\n3')]);
    expect(await batchesOf(body)).toEqual([
      [
        { line: 1, text: '1' },
        { line: 2, refusal },
        { line: 3, text: '3' },
      ],
    ]);
  });

  it('takes a line that is just as long as allowed', async () => {
    const text = `"${'x'.repeat(62)}"`;
    expect(await batchesOf(text)).toEqual([[{ line: 1, text }]]);
  });

  it('keeps nothing of a line that does not end', async () => {
    const megabytes = Array.from({ length: 100 }, () => Buffer.alloc(1024 * 1024, 'x'));
    expect(await batchesOf(...megabytes, '\n2')).toEqual([
      [
        { line: 1, refusal: 'line_too_long' },
        { line: 2, text: '2' },
      ],
    ]);
  });

  it('has the same lines, however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 12 }).filter((text) => !/[\r\n\ufeff]/.test(text))),
        fc.array(fc.nat({ max: 40 })),
        async (texts, cuts) => {
          const body = Buffer.from(texts.join('\n'));
          const places = [0, ...cuts.map((cut) => Math.min(cut, body.length)), body.length].toSorted((a, b) => a - b);
          const chunks = places.slice(1).map((place, i) => body.subarray(places[i], place));
          const lines = (await batchesOf(...chunks)).flat();
          const expected = texts.map((text, i) => ({ line: i + 1, text })).filter(({ text }) => /\S/.test(text));
          expect(lines).toEqual(expected);
        },
      ),
    );
  });
});

describe('what is said of a line that is refused', () => {
  const schema = z.strictObject({ a: z.int().optional() });
  const detailOf = (text: string) => {
    const read = readJsonLine({ line: 1, text }, schema);
    return 'detail' in read ? read.detail : undefined;
  };

  it.each([
    ['can be stored', String.raw`{"x\u0000y":1}`, 'x\ufffdy: there is no such field'],
    ['can be stored, halves of characters too', String.raw`{"x\ud83dy":1}`, 'x\ufffdy: there is no such field'],
    ['tells no secret', '{"rk_abcdefgh":1}', 'rk_[REDACTED]: there is no such field'],
  ])('%s', (_what, text, detail) => {
    expect(detailOf(text)).toBe(detail);
  });

  it.each([`{"${'x'.repeat(60_000)}":1}`, `{"${'x'.repeat(30_000)}":1,"${'x'.repeat(30_000)}":2}`])(
    'is short, whatever it names',
    (text) => {
      expect(detailOf(text)).toHaveLength(300);
    },
  );
});
