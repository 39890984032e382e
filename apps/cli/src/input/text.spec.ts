import { decodeText } from './text.js';

describe('the bytes of a list', () => {
  it('may be UTF-8, UTF-16 or GB 18030', () => {
    expect(decodeText(Buffer.from('链接'))).toEqual({ text: '链接' });
    expect(decodeText(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('链接', 'utf16le')]))).toEqual({
      text: '链接',
    });
    expect(decodeText(Buffer.from([0xc1, 0xb4, 0xbd, 0xd3]))).toMatchObject({ text: '链接', note: expect.any(String) });
  });
});
