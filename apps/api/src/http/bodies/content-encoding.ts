import { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { ProblemError } from '../problems/problem.js';

const DECODERS = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  deflate: () => createInflate(),
  br: () => createBrotliDecompress(),
};
type Encoding = keyof typeof DECODERS;

/** The encodings that a body may have, as Accept-Encoding names them. */
export const ENCODINGS_TAKEN = 'gzip, deflate, br';

/** Lists of deletions shrink to a twentieth or so; what grows a hundred times and more was made to grow. */
const MAX_RATIO = 100;
const UNCHECKED_BYTES = 8 * 1024 * 1024;

/** @returns undefined for a body that is not packed */
export function encodingOf(header: string | undefined): string | undefined {
  const encoding = header?.trim().toLowerCase();
  return encoding === 'identity' ? undefined : encoding || undefined;
}

export const isEncodingTaken = (encoding: string): encoding is Encoding => Object.hasOwn(DECODERS, encoding);

/**
 * Unpacks a body as it arrives. How much of it there may be is its reader's matter, but a small body that unpacks into
 * a monstrous one is broken off here.
 */
export function unpacked(packed: Readable, encoding: Encoding): Readable {
  const decoder = DECODERS[encoding]();
  let packedBytes = 0;
  packed.on('data', (chunk: Buffer) => {
    packedBytes += chunk.length;
  });
  packed.on('error', (error) => decoder.destroy(error));
  // Not by pipeline(): it would destroy the request with the connection that the refusal is to go out by.
  packed.pipe(decoder);

  async function* checked(): AsyncGenerator<Buffer> {
    let bytes = 0;
    try {
      for await (const chunk of decoder as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > UNCHECKED_BYTES && bytes > packedBytes * MAX_RATIO) {
          throw new ProblemError('payload_too_large', `Unpacked, the body is more than ${MAX_RATIO} times as large.`);
        }
        yield chunk;
      }
    } catch (error) {
      throw isOfZlib(error)
        ? new ProblemError(
            'malformed_body',
            `The body is not what its Content-Encoding says, ${encoding}, or is cut off.`,
          )
        : error;
    }
  }
  const stream = Readable.from(checked(), { objectMode: false });
  // By this Fastify compares what has come with the Content-Length.
  return Object.defineProperty(stream, 'receivedEncodedLength', { get: () => packedBytes });
}

/** Node's own errors are of another realm under jest, so what they are is asked of their fields. */
function isOfZlib(error: unknown): boolean {
  const { code } = typeof error === 'object' && error !== null && 'code' in error ? error : { code: undefined };
  return typeof code === 'string' && /^(Z_|ERR_(_ERROR_|BROTLI|PADDING|_?ZLIB))/.test(code);
}
