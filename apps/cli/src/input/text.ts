/** What a file's bytes say, and what had to be assumed for that. */
export interface DecodedText {
  text: string;
  note?: string;
}

const UTF16: Record<string, string> = { fffe: 'utf-16le', feff: 'utf-16be' };

/**
 * Lists come from spreadsheets: with a byte order mark, as UTF-16 ("Unicode text"), and from Chinese machines as GBK.
 * Links and ids are ASCII in all of them.
 */
export function decodeText(bytes: Uint8Array): DecodedText {
  const mark = Buffer.from(bytes.subarray(0, 2)).toString('hex');
  const utf16 = UTF16[mark];
  if (utf16) return { text: new TextDecoder(utf16).decode(bytes) };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    const note = 'The list is not UTF-8, and was read as GB 18030.';
    return { text: new TextDecoder('gb18030').decode(bytes), note };
  }
}
