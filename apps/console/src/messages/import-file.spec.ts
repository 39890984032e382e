import { importable } from './import-file.js';

describe('a file to import', () => {
  it.each([
    ['a.csv', 'text/csv'],
    ['消息.CSV', 'text/csv'],
    ['a.ndjson', 'application/x-ndjson'],
    ['a.b.jsonl', 'application/x-ndjson'],
    ['a.xlsx', undefined],
    ['a.json', undefined],
    ['csv', undefined],
  ])('%s is %s', async (name, type) => {
    expect((await importable(new File(['x'], name)))?.type).toBe(type);
  });

  it('keeps what is in it', async () => {
    expect(await (await importable(new File(['{"a":"茶"}'], 'a.ndjson')))?.text()).toBe('{"a":"茶"}');
    expect(await (await importable(new File(['merchant,title\nA,茶'], 'a.csv')))?.text()).toBe('merchant,title\nA,茶');
  });

  it('is sent as UTF-8, whatever a spreadsheet has saved', async () => {
    const gb18030 = new Uint8Array([0x74, 0x0a, 0xb2, 0xe8]);
    expect(await (await importable(new File([gb18030], 'a.csv')))?.text()).toBe('t\n茶');
  });
});
