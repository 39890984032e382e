import { textIn, wayOf } from './file.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const LONG = 4 * 1024 * 1024;

describe('a file', () => {
  it.each([
    ['list.csv', 1_000, bytes('appid,msg_id'), { as: 'text' }],
    ['list.csv', LONG, bytes('appid,msg_id'), { as: 'stream', type: 'text/csv' }],
    ['list.txt', LONG, bytes('\ufeff {"url": '), { as: 'stream', type: 'application/x-ndjson' }],
    ['list.NDJSON', LONG, bytes(''), { as: 'stream', type: 'application/x-ndjson' }],
    ['list.xlsx', 1_000, bytes('PK\u0003\u0004'), { as: 'workbook' }],
    ['list.csv', LONG, new Uint8Array([0xd0, 0xcf, 0x11, 0xe0]), { as: 'workbook' }],
  ])('%s of %i bytes is taken by what it is', (name, size, start, way) => {
    expect(wayOf({ name, size }, start)).toEqual(way);
  });

  it.each([
    ['UTF-8', bytes('春节')],
    ['UTF-8 with its mark', bytes('\ufeff春节')],
    ['UTF-16', new Uint8Array([0xff, 0xfe, 0x25, 0x66, 0x82, 0x82])],
    ['GB 18030', new Uint8Array([0xb4, 0xba, 0xbd, 0xda])],
  ])('is read as %s', (_encoding, given) => {
    expect(textIn(given)).toBe('春节');
  });

  it('that is no text is not read', () => {
    expect(textIn(new Uint8Array([0, 1, 2, 0]))).toBeUndefined();
  });
});
