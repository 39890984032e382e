import { isUtf8 } from 'node:buffer';
import type { z } from 'zod';
import { checked, fieldErrors } from '../problems/field-errors.js';
import { excerptOf } from './excerpt.js';
import { JsonRefused, parseStrictJson } from './strict-json.js';
import { Turns } from './turns.js';

/** A line of a body of NDJSON; empty ones are passed over, but count. */
export type Line = { line: number; text: string } | { line: number; refusal: LineRefusal };
export type LineRefusal = 'line_too_long' | 'body_not_utf8';

export interface NdjsonOptions {
  /** Longer lines are passed over without being kept. */
  maxLineBytes: number;
  /** A batch has so many lines … */
  batchLines: number;
  /** … or fewer, when they have this many bytes … */
  batchBytes: number;
  /** … or fewer, when this much time has passed since the last. */
  batchMs: number;
}

/** Of a line: more than twice a message of a hundred articles, every field given. */
const MAX_VALUES = 1_000;
const DETAIL_CHARACTERS = 300;
const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BOM = '\ufeff';

/**
 * Splits a streamed body into numbered lines, a batch at a time. Takes the next chunk only when the batch before was
 * taken: memory stays flat, however long the body. Lines are counted from 1.
 */
export async function* readNdjson(body: AsyncIterable<Buffer>, options: NdjsonOptions): AsyncGenerator<Line[]> {
  const { maxLineBytes, batchLines, batchBytes, batchMs } = options;
  let batch: Line[] = [];
  let bytesInBatch = 0;
  let batchedAt = performance.now();
  let line = 1;
  // The beginning of a line whose end has not arrived. Of one that is too long, only that it is.
  let parts: Buffer[] = [];
  let length = 0;

  const add = (bytes: Buffer) => {
    length += bytes.length;
    if (length <= maxLineBytes) parts.push(bytes);
    else parts = [];
  };
  const end = () => {
    const read = length > maxLineBytes ? ({ line, refusal: 'line_too_long' } as const) : decode(line, parts);
    if (read) batch.push(read);
    if (length <= maxLineBytes) bytesInBatch += length;
    line += 1;
    parts = [];
    length = 0;
  };

  for await (const chunk of body) {
    let from = 0;
    for (let to = chunk.indexOf(NEWLINE); to >= 0; to = chunk.indexOf(NEWLINE, from)) {
      add(chunk.subarray(from, to));
      end();
      from = to + 1;
      if (batch.length >= batchLines || bytesInBatch >= batchBytes) {
        yield batch;
        batch = [];
        bytesInBatch = 0;
        batchedAt = performance.now();
      }
    }
    // A copy, so that the beginning of a line does not keep its whole chunk in memory.
    if (from < chunk.length) add(Buffer.from(chunk.subarray(from)));
    if (performance.now() - batchedAt > batchMs) {
      yield batch;
      batch = [];
      bytesInBatch = 0;
      batchedAt = performance.now();
    }
  }
  if (length > 0) end();
  if (batch.length > 0) yield batch;
}

/** Undefined for a line of nothing but white space. */
function decode(line: number, parts: Buffer[]): Line | undefined {
  let bytes = parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts);
  if (bytes.at(-1) === CARRIAGE_RETURN) bytes = bytes.subarray(0, -1);
  if (!isUtf8(bytes)) return { line, refusal: 'body_not_utf8' };
  const text = bytes.toString('utf8');
  const content = line === 1 && text.startsWith(BOM) ? text.slice(1) : text;
  return /\S/.test(content) ? { line, text: content } : undefined;
}

/** A line that could not be taken. `code` is that of a problem. */
export interface LineRejection {
  line: number;
  code: string;
  detail: string;
}

type ReadLine<Schema extends z.ZodType> = { line: number; request: z.output<Schema> } | LineRejection;

/** What each line of a batch asks for. */
export async function readJsonLines<Schema extends z.ZodType>(
  lines: Line[],
  schema: Schema,
): Promise<ReadLine<Schema>[]> {
  const turns = new Turns();
  const read: ReadLine<Schema>[] = [];
  for (const line of lines) {
    read.push(readJsonLine(line, schema));
    await turns.pass();
  }
  return read;
}

/** What a line asks for, if it is strict JSON of the expected form. */
export function readJsonLine<Schema extends z.ZodType>(read: Line, schema: Schema): ReadLine<Schema> {
  const { line } = read;
  if ('refusal' in read) return { line, ...LINE_REFUSALS[read.refusal] };
  let given: unknown;
  try {
    given = parseStrictJson(read.text, MAX_VALUES);
  } catch (error) {
    if (error instanceof JsonRefused) return { line, code: error.code, detail: detailOf(error.message) };
    throw error;
  }
  return checkedLine(line, given, schema);
}

/** What a line asks for, if it is of the expected form. */
export function checkedLine<Schema extends z.ZodType>(line: number, given: unknown, schema: Schema): ReadLine<Schema> {
  const parsed = checked(schema, given);
  if (parsed.success) return { line, request: parsed.data };
  const errors = fieldErrors(parsed.error.issues).map(({ field, message }) => `${field || 'the line'}: ${message}`);
  return { line, code: 'invalid_request', detail: detailOf(errors.join('; ')) };
}

/** It names fields as they were sent, and they may be anything. */
const detailOf = (text: string) => excerptOf(text, DETAIL_CHARACTERS);

const LINE_REFUSALS = {
  line_too_long: { code: 'line_too_long', detail: 'The line is longer than 64 kB.' },
  body_not_utf8: { code: 'body_not_utf8', detail: 'The line is not UTF-8.' },
};
