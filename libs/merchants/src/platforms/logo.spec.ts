import { MAX_LOGO_BYTES, readLogo } from './logo.js';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const beginning = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string))).toString('base64');

describe('a logo', () => {
  it.each([
    ['image/png', PNG.toString('base64')],
    ['image/jpeg', beginning([0xff, 0xd8, 0xff, 0xe0], 'JFIF')],
    ['image/webp', beginning('RIFF', [0, 1, 2, 3], 'WEBPVP8 ')],
  ])('is %s by how it begins', (type, base64) => {
    expect(readLogo(base64)).toEqual({ type, bytes: Buffer.from(base64, 'base64') });
  });

  it.each([
    ['nothing', ''],
    ['SVG, which can hold a script', beginning('<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>')],
    ['SVG that says it is something else', beginning('<!-- \x89PNG -->', '<svg/>')],
    ['a page', beginning('<!doctype html>')],
    ['GIF', beginning('GIF89a')],
    ['the beginning alone of a RIFF', beginning('RIFF', [0, 1, 2, 3], 'WAVEfmt ')],
    ['PNG after a blank', beginning(' ', [...PNG])],
    ['PNG whose line ends were changed', beginning([0x89], 'PNG\n\x1a\n')],
  ])('is not %s', (_what, base64) => {
    expect(readLogo(base64)).toBeUndefined();
  });

  it('is small', () => {
    const ofSize = (size: number) => Buffer.concat([PNG, Buffer.alloc(size - PNG.length)]).toString('base64');
    expect(readLogo(ofSize(MAX_LOGO_BYTES))?.bytes).toHaveLength(MAX_LOGO_BYTES);
    expect(readLogo(ofSize(MAX_LOGO_BYTES + 1))).toBeUndefined();
  });
});
