import { z } from 'zod';
import { ProblemError } from '../problems/problem.js';
import { csvColumns, readCsv, type CsvRecord } from './csv.js';

const schema = z.strictObject({
  merchant: z.string(),
  msg_id: z.union([z.number(), z.string()]).optional(),
  article_idx: z.int().optional(),
  whole_message: z.boolean().optional(),
  title: z.string().optional(),
});
const columns = csvColumns(schema);

async function read(body: string | Buffer, chunkBytes = 7, maxBytes = 200): Promise<CsvRecord[]> {
  const bytes = Buffer.from(body);
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield Promise.resolve(bytes.subarray(at, at + chunkBytes));
  }
  const records: CsvRecord[] = [];
  for await (const record of readCsv(chunks(), columns, maxBytes)) records.push(record);
  return records;
}
const given = async (body: string | Buffer, chunkBytes?: number) =>
  (await read(body, chunkBytes)).map((record) => ('given' in record ? record.given : record.code));

describe('a body of CSV', () => {
  it('has columns that its schema knows', () => {
    expect(columns).toEqual({
      names: ['merchant', 'msg_id', 'article_idx', 'whole_message', 'title'],
      required: ['merchant'],
      kinds: { merchant: 'text', msg_id: 'text', article_idx: 'number', whole_message: 'boolean', title: 'text' },
    });
  });

  it.each([1, 2, 3, 5, 1_000])('is read the same in pieces of %d bytes', async (chunkBytes) => {
    const body =
      '\ufeffmerchant,msg_id,article_idx,title,whole_message\r\n' +
      'wx1,3147483661,2,"今日, ""特价""",\n' +
      '\r\n' +
      'wx2,\t9223372036854775807 ,,"two\r\nlines",TRUE\r\n' +
      ' wx3 , "7" ,1,,false';
    expect(await given(body, chunkBytes)).toEqual([
      { merchant: 'wx1', msg_id: '3147483661', article_idx: 2, title: '今日, "特价"' },
      { merchant: 'wx2', msg_id: '9223372036854775807', title: 'two\r\nlines', whole_message: true },
      { merchant: 'wx3', msg_id: '7', article_idx: 1, whole_message: false },
    ]);
    expect((await read(body, chunkBytes)).map(({ line }) => line)).toEqual([2, 4, 6]);
  });

  it('may name columns in any order, in quotes, and leave nameless ones empty', async () => {
    expect(await given('"title",merchant,,\nx,wx1,,\n,,,\ny,wx2,1,\n')).toEqual([
      { title: 'x', merchant: 'wx1' },
      'malformed_body',
    ]);
  });

  it('leaves a cell that is not what its column is to the schema', async () => {
    expect(await given('merchant,article_idx,whole_message\nwx1,1.0,yes\nwx1,2e1,1\n')).toEqual([
      { merchant: 'wx1', article_idx: '1.0', whole_message: 'yes' },
      { merchant: 'wx1', article_idx: '2e1', whole_message: '1' },
    ]);
  });

  it.each(['1.23E+12', '3.14748E+09', '3,1E+9', '3E9', '+3.1e+9'])('takes no msg_id of %s', async (cell) => {
    expect(await read(`merchant,msg_id\nwx1,"${cell}"\n`)).toEqual([
      { line: 2, text: `wx1,"${cell}"`, code: 'msg_id_invalid', detail: expect.stringContaining(`${cell} has lost`) },
    ]);
  });

  it('says of one record what is wrong with it alone', async () => {
    const latin1 = Buffer.concat([
      Buffer.from('merchant,title\nwx1,'),
      Buffer.from([0xe9]),
      Buffer.from('\nwx2,b\nwx3\n'),
    ]);
    expect(await given(latin1)).toEqual(['body_not_utf8', { merchant: 'wx2', title: 'b' }, 'malformed_body']);
  });

  it.each([
    ['an unknown column', 'merchant,colour\nwx1,red', 'invalid_request', 'colour is no column that is known here'],
    ['another case', 'Merchant\nwx1', 'invalid_request', 'Merchant is no column'],
    [
      'semicolons',
      'merchant;title\nwx1;x',
      'invalid_request',
      'title is no column that is known here, where commas part',
    ],
    ['tabs', 'merchant\ttitle\nwx1\tx', 'invalid_request', 'where commas part the cells'],
    ['wide commas', 'merchant，title\nwx1，x', 'invalid_request', 'where commas part the cells'],
    ['a doubled column', 'merchant,title,title\nwx1,x,y', 'invalid_request', 'title is there twice'],
    ['a column less', 'title\nx', 'invalid_request', 'merchant is missing'],
    ['no head', '\r\n\n', 'malformed_body', 'has no head'],
    ['nothing', '', 'malformed_body', 'has no head'],
    ['UTF-16', Buffer.from('\ufeffmerchant\nwx1\n', 'utf16le'), 'body_not_utf8', 'The head of the CSV, line 1'],
    ['UTF-16 without a mark', Buffer.from('merchant\nwx1\n', 'utf16le'), 'body_not_utf8', 'save it as CSV UTF-8'],
    ['an open quote', 'merchant,title\nwx1,x\nwx2,"y\nwx3,z\n', 'malformed_body', 'In line 3'],
    ['a quote within a cell', 'merchant,title\nwx1,x"y"\n', 'malformed_body', 'In line 2'],
    ['text behind a quote', 'merchant,title\nwx1,"x"y\n', 'malformed_body', 'In line 2'],
    ['a long record of commas', `merchant,title\nwx1,${','.repeat(200)}\n`, 'line_too_long', 'The line 2 is longer'],
    ['a long record', `merchant,title\nwx1,"${'x\n'.repeat(200)}"\n`, 'line_too_long', 'The line 2 is longer'],
  ])('with %s is refused', async (_what, body, code, detail) => {
    const refusal: unknown = await read(body).catch((error: unknown) => error);
    if (!(refusal instanceof ProblemError)) throw new Error('It was not refused.');
    expect([refusal.code, refusal.message]).toEqual([code, expect.stringContaining(detail)]);
  });

  it.each([
    ['commas', 'merchant\n', ','],
    ['blanks', 'merchant\n', ' '],
    ['blanks behind a quote', 'merchant\n"wx1"', ' '],
    ['a text', 'merchant\n', 'x'],
    ['commas in the head', '', ','],
  ])('reads no endless record of %s', async (_what, start, endless) => {
    let chunks = 0;
    async function* body() {
      yield Buffer.from(start);
      for (; chunks < 1_000; chunks++) yield Promise.resolve(Buffer.alloc(1_000, endless));
    }
    const all = async () => {
      for await (const _record of readCsv(body(), columns, 5_000));
    };
    await expect(all()).rejects.toMatchObject({ code: 'line_too_long' });
    // Besides the ceiling, what streams have in hand.
    expect(chunks).toBeLessThan(100);
  });

  it('reads many records in one piece', async () => {
    expect(await read(`merchant\n${'wx1\n'.repeat(1_000)}`, 10_000)).toHaveLength(1_000);
  });

  it('ends with the error of its source', async () => {
    async function* broken() {
      yield Buffer.from('merchant\nwx1\n');
      await Promise.reject(new Error('cut off'));
    }
    const all = async () => {
      for await (const _record of readCsv(broken(), columns, 100));
    };
    await expect(all()).rejects.toThrow('cut off');
  });
});
