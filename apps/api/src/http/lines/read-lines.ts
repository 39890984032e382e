import type { z } from 'zod';
import { checkedLine, readJsonLines, readNdjson, type LineRejection } from '../bodies/ndjson.js';
import type { StreamedBody } from '../bodies/streamed-bodies.js';
import { Turns } from '../bodies/turns.js';
import { csvColumns, readCsv } from './csv.js';

const BATCHES = { maxLineBytes: 64 * 1024, batchLines: 2_000, batchBytes: 256 * 1024, batchMs: 5_000 };

/** What a line of a body asks for, and how it was written. */
export type ReadLine<Request> = ({ line: number; request: Request } | LineRejection) & { text: string };

/** A line of JSON, and a record of CSV, which is flat. */
export interface LineSchemas<Request> {
  json: z.ZodType<Request>;
  csv: z.ZodType<Request>;
}

/** What the lines of a streamed body ask for, a batch at a time, in either format. */
export async function* readLines<Request>(
  { format, bytes }: StreamedBody,
  schemas: LineSchemas<Request>,
): AsyncGenerator<ReadLine<Request>[]> {
  if (format === 'csv') yield* csvLines(bytes, schemas.csv);
  else {
    for await (const lines of readNdjson(bytes, BATCHES)) {
      const texts = lines.map((read) => ('text' in read ? read.text : ''));
      yield (await readJsonLines(lines, schemas.json)).map((read, i) => ({ ...read, text: texts[i] ?? '' }));
    }
  }
}

async function* csvLines<Request>(
  bytes: AsyncIterable<Buffer>,
  schema: z.ZodType<Request>,
): AsyncGenerator<ReadLine<Request>[]> {
  const { batchLines, batchBytes, batchMs, maxLineBytes } = BATCHES;
  const turns = new Turns();
  let batch: ReadLine<Request>[] = [];
  let length = 0;
  let batchedAt = performance.now();
  for await (const { line, text, ...read } of readCsv(bytes, csvColumns(schema), maxLineBytes)) {
    batch.push({ ...('given' in read ? checkedLine(line, read.given, schema) : { line, ...read }), text });
    length += text.length;
    await turns.pass();
    if (batch.length < batchLines && length < batchBytes && performance.now() - batchedAt < batchMs) continue;
    yield batch;
    batch = [];
    length = 0;
    batchedAt = performance.now();
  }
  if (batch.length > 0) yield batch;
}
