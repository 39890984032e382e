import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';

const mediaType = (text: string) => text.split(';')[0]?.trim().toLowerCase();

/** The first type of an Accept header that is one of these. @returns its name */
export function acceptedFormat<Format extends string>(
  types: Record<Format, string>,
  accept: string | undefined,
): Format | undefined {
  const formats = Object.keys(types) as Format[];
  const wanted = (accept ?? '').split(',').map(mediaType);
  return wanted.flatMap((type) => formats.filter((format) => mediaType(types[format]) === type))[0];
}

/** What an answer is sent as: its type, and the name under which a browser keeps it. */
export interface SentFile {
  type: string;
  name: string;
}

/** Streams an answer that is kept as a file; the reader's pace is ours, and memory stays flat. */
export function sendFile(reply: FastifyReply, { type, name }: SentFile, pieces: AsyncIterable<string>): void {
  void reply
    .type(type)
    .header('content-disposition', `attachment; filename="${name}"`)
    .header('vary', 'accept')
    .send(Readable.from(pieces));
}
