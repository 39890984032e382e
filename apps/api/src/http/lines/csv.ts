import { isUtf8 } from 'node:buffer';
import { pipeline, type TransformCallback } from 'node:stream';
import { CsvError, Parser, type Options } from 'csv-parse';
import { z } from 'zod';
import { excerptOf } from '../bodies/excerpt.js';
import { ProblemError } from '../problems/problem.js';

/** A record of a CSV body by the names in its head, or what is wrong with it. Its line is the one that it begins in. */
export type CsvRecord = { line: number; text: string } & (
  { given: Record<string, unknown> } | { code: string; detail: string }
);

/** The columns that a schema of one flat object knows. */
export interface CsvColumns {
  names: string[];
  required: string[];
  /** What the cells of a column are besides texts. */
  kinds: Record<string, 'number' | 'boolean' | 'text'>;
}

/** @param schema of the record, before it is transformed */
export function csvColumns(schema: z.ZodType): CsvColumns {
  const { $ref, $defs, ...own } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  // A schema that has an id refers to itself.
  const { properties = {}, required = [] } = $defs?.[$ref?.split('/').at(-1) ?? ''] ?? own;
  const kinds = Object.entries(properties).map(([name, property]) => {
    const type = typeof property === 'object' ? property.type : undefined;
    return [
      name,
      type === 'integer' || type === 'number' ? 'number' : type === 'boolean' ? 'boolean' : 'text',
    ] as const;
  });
  return { names: Object.keys(properties), required, kinds: Object.fromEntries(kinds) };
}

/** As the parser has it. */
interface Raw {
  record: string[];
  raw: string;
}

interface Parsed {
  /** In which it begins. */
  line: number;
  cells: string[];
  text: string;
}

/** What spreadsheets make of a long number that they show in a narrow column: its digits are lost. */
const ROUNDED = /^[+-]?\d+(?:[.,]\d+)?E\+?\d+$/i;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * Reads CSV as RFC 4180 has it, with a head that names our fields. Records come as the body does, and one that does not
 * end is refused, whatever it consists of, so memory stays flat. What is wrong with one record is said of that one. Where a quote is wrong it is not clear which text is a record and
 * which is a cell, so the body is refused from there on.
 * @throws ProblemError for the head, and for quotes
 */
export async function* readCsv(
  body: AsyncIterable<Buffer>,
  columns: CsvColumns,
  maxRecordBytes: number,
): AsyncGenerator<CsvRecord> {
  // Of the record that is read next: where the parser gives up, records before it may still wait to be taken.
  let next = 1;
  const tooLong = () =>
    new ProblemError('line_too_long', `The line ${next} is longer than 64 kB, or a quote in it is not closed.`);
  // By bytes: each cell shows for itself whether it is UTF-8.
  const options: Options<Parsed, Raw> = {
    encoding: 'latin1',
    raw: true,
    on_record: ({ record: cells, raw }) => {
      if (raw.length > maxRecordBytes) throw tooLong();
      parser.unended = 0;
      const line = next;
      const text = raw.replace(/\r?\n?$/, '');
      next += 1 + (text.match(/\n/g)?.length ?? 0);
      return { line, cells, text };
    },
    relax_column_count: true,
    record_delimiter: ['\r\n', '\n'],
    trim: true,
  };
  const parser = new BoundedParser(options as unknown as Options, maxRecordBytes, tooLong);
  // Whatever ends one of the two ends the other; the error comes out of the loop.
  pipeline(withoutMark(body), parser, () => undefined);
  let head: string[] | undefined;
  try {
    for await (const record of parser as AsyncIterable<Parsed>) {
      const { line, text } = record;
      if (record.cells.every((cell) => cell === '')) continue;
      const cells = record.cells.map(decoded);
      if (head) yield { line, text: decoded(text) ?? text, ...readRecord(cells, head, columns) };
      else head = readHead(cells, line, columns);
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const detail = `In line ${next} of the CSV a quote stands in the wrong place, or is not closed.`;
    throw new ProblemError('malformed_body', detail);
  }
  if (!head) throw new ProblemError('malformed_body', 'The CSV has no head: its first line names the columns.');
}

/**
 * The parser keeps the bytes of a record until it ends. Its own limit counts what cells contain, but not the bytes between
 * them: a record of commas or of blanks would grow without an end.
 */
class BoundedParser extends Parser {
  /** Bytes of the chunks since the last record ended. */
  unended = 0;

  constructor(
    options: Options,
    private readonly maxRecordBytes: number,
    private readonly tooLong: () => Error,
  ) {
    super(options);
  }

  override _transform(chunk: Buffer, encoding: BufferEncoding, callback: TransformCallback): void {
    if (this.unended > this.maxRecordBytes) return callback(this.tooLong());
    this.unended += chunk.length;
    super._transform(chunk, encoding, callback);
  }
}

/** Undefined where it is not UTF-8. */
function decoded(text: string): string | undefined {
  const bytes = Buffer.from(text, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8').trim() : undefined;
}

/** A name in the head may be empty, as spreadsheets leave columns behind; their cells are empty then, too. */
function readHead(cells: (string | undefined)[], line: number, { names, required }: CsvColumns): string[] {
  const head = cells.map((cell) => {
    // UTF-16 of which no mark tells is UTF-8 with a NUL beside each letter.
    if (cell === undefined || cell.includes('\0')) {
      throw new ProblemError('body_not_utf8', `The head of the CSV, line ${line}, is not UTF-8: save it as CSV UTF-8.`);
    }
    return cell;
  });
  const errors = head.flatMap((name, i) => {
    if (name === '') return [];
    if (!names.includes(name)) {
      const message = `is no column that is known here${/[;\t，]/.test(name) ? ', where commas part the cells' : ''}`;
      return [{ field: excerptOf(name), message }];
    }
    return head.indexOf(name) < i ? [{ field: name, message: 'is there twice: it is not clear which one counts' }] : [];
  });
  errors.push(
    ...required.filter((name) => !head.includes(name)).map((field) => ({ field, message: 'is missing in the head' })),
  );
  const [first] = errors;
  if (!first) return head;
  const detail = `The head of the CSV: ${first.field} ${first.message}. The columns are ${names.join(', ')}.`;
  throw new ProblemError('invalid_request', detail, { errors });
}

function readRecord(cells: (string | undefined)[], head: string[], { kinds }: CsvColumns) {
  if (cells.length !== head.length) {
    const detail = `The line has ${cells.length} cells, and the head has ${head.length} columns.`;
    return { code: 'malformed_body', detail };
  }
  const given: Record<string, unknown> = {};
  for (const [i, cell] of cells.entries()) {
    const name = head[i] ?? '';
    if (cell === undefined) return { code: 'body_not_utf8', detail: `${name || 'A cell'} is not UTF-8.` };
    if (cell === '') continue;
    if (name === '') return { code: 'malformed_body', detail: 'A cell stands in a column that has no name.' };
    if (name === 'msg_id' && ROUNDED.test(cell)) {
      const detail = `msg_id: ${cell} has lost digits in a spreadsheet: format the column as text, and enter it again.`;
      return { code: 'msg_id_invalid', detail };
    }
    given[name] = valueOf(cell, kinds[name]);
  }
  return { given };
}

/** A cell that is not what its column is stays a text, which the schema refuses. */
function valueOf(cell: string, kind: CsvColumns['kinds'][string] | undefined): unknown {
  if (kind === 'number' && /^-?\d{1,15}$/.test(cell)) return Number(cell);
  if (kind === 'boolean' && /^(?:true|false)$/i.test(cell)) return cell.toLowerCase() === 'true';
  return cell;
}

async function* withoutMark(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let start: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of body) {
    if (!start) yield chunk;
    else {
      start = Buffer.concat([start, chunk]);
      if (start.length < BYTE_ORDER_MARK.length) continue;
      yield start.subarray(start.indexOf(BYTE_ORDER_MARK) === 0 ? BYTE_ORDER_MARK.length : 0);
      start = undefined;
    }
  }
  if (start && start.length > 0) yield start;
}
