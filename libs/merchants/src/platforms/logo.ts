/** A picture that browsers show and that can hold no script. SVG can. */
export interface Logo {
  type: string;
  bytes: Buffer;
}

/** In base64 they are the 65,536 characters that a text of a request may have. */
export const MAX_LOGO_BYTES = 48 * 1024;

/** How files of these types begin, as latin1; of a RIFF file the four bytes between are its length. */
const BEGINNINGS: [type: string, begins: string, at8?: string][] = [
  ['image/png', '\x89PNG\r\n\x1a\n'],
  ['image/jpeg', '\xff\xd8\xff'],
  ['image/webp', 'RIFF', 'WEBP'],
];

/** The picture, by what it is and not by what it is called. Undefined for anything else. */
export function readLogo(base64: string): Logo | undefined {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length > MAX_LOGO_BYTES) return undefined;
  const head = bytes.toString('latin1', 0, 16);
  const type = BEGINNINGS.find(([, begins, at8 = '']) => head.startsWith(begins) && head.startsWith(at8, 8))?.[0];
  return type === undefined ? undefined : { type, bytes };
}
