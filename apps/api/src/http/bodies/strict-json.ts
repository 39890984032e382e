import { isUtf8 } from 'node:buffer';
import { setImmediate } from 'node:timers/promises';
import { fieldAt } from '../problems/field-errors.js';

export type JsonRefusal =
  'malformed_body' | 'body_not_utf8' | 'field_repeated' | 'body_too_deep' | 'body_beyond_limits' | 'invalid_request';

/** Text that is no JSON, or JSON that two readers could understand differently. `code` is that of the problem. */
export class JsonRefused extends Error {
  override readonly name = 'JsonRefused';

  constructor(
    readonly code: JsonRefusal,
    message: string,
    /** Path of the field, as in `items[3].url`; empty at the top. */
    readonly field: string,
    /** How many characters (of bad UTF-8: bytes) stand before the place that is meant. */
    readonly offset: number,
  ) {
    super(message);
  }
}

/** Of objects and lists. */
const MAX_DEPTH = 32;
/** The longest list of any request has so many. */
const MAX_ITEMS = 10_000;
const MAX_FIELDS = 1_000;
const MAX_CHARACTERS = 64 * 1024;
/** No finite whole number has more digits, and no other may have so many. */
const MAX_NUMBER_CHARACTERS = 400;
/** A double tells numbers of so many significant digits apart. */
const EXACT_DIGITS = 15;

const VALUES_A_TURN = 10_000;
/** Names of fields may be anything, and are repeated. */
const FIELD_CHARACTERS = 500;
const WINDOW_BYTES = 64 * 1024;

/**
 * Reads JSON that means one thing only. JSON.parse keeps the last of two equal keys, and rounds: of a request to delete
 * `{"article_idx": 2, "article_idx": 0}` that would be the whole message. What is more than any request needs is
 * counted while it is read, and refused before it costs much.
 * @param json text of which it is known that it was UTF-8
 * @param maxValues how many values there may be: objects, lists and what is in them
 * @throws JsonRefused, whose message repeats no value: it may be a secret
 */
export function parseStrictJson(json: string, maxValues: number): unknown {
  const reader = new Reader(json, maxValues);
  reader.advance(Infinity);
  return reader.result;
}

/**
 * The same for a whole body, of which a long one takes several turns of the event loop: others are served between them.
 */
export async function parseStrictBody(json: Buffer, maxValues: number): Promise<unknown> {
  const reader = new Reader(decode(json), maxValues);
  while (!reader.advance(VALUES_A_TURN)) await setImmediate();
  return reader.result;
}

function decode(bytes: Buffer): string {
  if (!isUtf8(bytes)) {
    const offset = firstBadByte(bytes);
    throw new JsonRefused('body_not_utf8', `The byte at ${offset} is not UTF-8.`, '', offset);
  }
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return bytes.toString('utf8', hasMark ? 3 : 0);
}

/**
 * The decoder makes U+FFFD, three bytes, of bytes that are no UTF-8. Where the bytes are others, the text did not have
 * it.
 */
function firstBadByte(bytes: Buffer): number {
  let offset = goodBytes(bytes);
  for (const character of bytes.toString('utf8', offset, offset + 2 * WINDOW_BYTES)) {
    if (
      character === '\ufffd' &&
      !(bytes[offset] === 0xef && bytes[offset + 1] === 0xbf && bytes[offset + 2] === 0xbd)
    ) {
      return offset;
    }
    offset += Buffer.byteLength(character);
  }
  return offset;
}

/** Counts the bytes at the start that are UTF-8, in steps. */
function goodBytes(bytes: Buffer): number {
  let good = 0;
  for (;;) {
    let end = good + WINDOW_BYTES;
    // Not in the middle of a character, which has four bytes at most.
    while (end > good + WINDOW_BYTES - 4 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
    if (end >= bytes.length || !isUtf8(bytes.subarray(good, end))) return good;
    good = end;
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [BLANK, TAB, LINE_FEED, CARRIAGE_RETURN] = [0x20, 0x09, 0x0a, 0x0d];
const [OBJECT, OBJECT_END, LIST, LIST_END] = [0x7b, 0x7d, 0x5b, 0x5d];

/** An object or a list whose end was not read yet. */
interface Open {
  value: Record<string, unknown> | unknown[];
  /** Of the value that is being read. */
  key: string | number;
  size: number;
}

/** Of `begin`: an object or a list began, and its first value is next. */
const OPENED = Symbol('opened');

class Reader {
  /** Once `advance` says that all was read. */
  result: unknown;

  private at = 0;
  private values = 0;
  /** Outermost first. */
  private readonly open: Open[] = [];

  constructor(
    private readonly text: string,
    private readonly maxValues: number,
  ) {}

  /** Reads on, as many values at most. @returns whether that was all */
  advance(values: number): boolean {
    for (const until = this.values + values; this.values < until;) {
      const value = this.begin();
      if (value !== OPENED && this.end(value)) return true;
    }
    return false;
  }

  private begin(): unknown {
    if (++this.values > this.maxValues) throw this.beyond(`The body has more than ${words(this.maxValues)} values.`);
    switch (this.next()) {
      case OBJECT:
        return this.beginContainer({}, OBJECT_END);
      case LIST:
        return this.beginContainer([], LIST_END);
      case QUOTE:
        return this.string();
      case 0x74:
        return this.word('true', true);
      case 0x66:
        return this.word('false', false);
      case 0x6e:
        return this.word('null', null);
      default:
        return this.number();
    }
  }

  private beginContainer(value: Open['value'], end: number): unknown {
    if (this.open.length === MAX_DEPTH) {
      throw this.refused('body_too_deep', `The body is nested deeper than ${MAX_DEPTH} levels.`, this.at);
    }
    this.at++;
    if (this.next() === end) {
      this.at++;
      return value;
    }
    const open = { value, key: '', size: 0 };
    this.open.push(open);
    this.beginItem(open);
    return OPENED;
  }

  /** Up to where the value of an item or a field begins. */
  private beginItem(open: Open): void {
    if (Array.isArray(open.value)) {
      open.key = open.size++;
      if (open.size > MAX_ITEMS) {
        this.open.pop();
        throw this.beyond(`${this.field || 'The body'} has more than ${words(MAX_ITEMS)} items.`);
      }
      return;
    }
    if (++open.size > MAX_FIELDS) {
      this.open.pop();
      throw this.beyond(`${this.field || 'The body'} has more than ${words(MAX_FIELDS)} fields.`);
    }
    open.key = '';
    if (this.next() !== QUOTE) throw this.malformed();
    const start = this.at;
    const key = this.string();
    open.key = key;
    if (key === '__proto__') throw this.refused('malformed_body', 'No field may be called __proto__.', start);
    if (Object.hasOwn(open.value, key)) {
      throw this.refused('field_repeated', `${this.field} is there twice: it is not clear which one counts.`, start);
    }
    if (this.next() !== COLON) throw this.malformed();
    this.at++;
  }

  /** Puts a value where it belongs, and whatever ends with it. @returns whether nothing is left open */
  private end(last: unknown): boolean {
    let value = last;
    for (let open = this.open.at(-1); open; open = this.open.at(-1)) {
      if (Array.isArray(open.value)) open.value.push(value);
      else open.value[open.key] = value;
      const end = Array.isArray(open.value) ? LIST_END : OBJECT_END;
      const next = this.next();
      if (next !== end && next !== COMMA) throw this.malformed();
      this.at++;
      if (next === COMMA) {
        if (this.next() === end) throw this.malformed();
        this.beginItem(open);
        return false;
      }
      value = open.value;
      this.open.pop();
    }
    this.next();
    if (this.at < this.text.length) throw this.malformed();
    this.result = value;
    return true;
  }

  private string(): string {
    const start = this.at + 1;
    let isEscaped = false;
    let at = start;
    for (let code = this.text.charCodeAt(at); code !== QUOTE; code = this.text.charCodeAt(++at)) {
      if (at >= this.text.length) throw this.malformed(this.text.length);
      if (code < BLANK) throw this.malformed(at);
      if (code === BACKSLASH) {
        isEscaped = true;
        at++;
      }
    }
    if (at - start > MAX_CHARACTERS) {
      throw this.beyond(`${this.field || 'A text'} is longer than ${words(MAX_CHARACTERS)} characters.`);
    }
    this.at = at + 1;
    if (!isEscaped) return this.text.slice(start, at);
    try {
      return String(JSON.parse(this.text.slice(start - 1, at + 1)));
    } catch {
      throw this.malformed(this.text.indexOf('\\', start));
    }
  }

  /** Whole numbers pass as long as they are finite: each field has its own bounds, and a msg_id its own problem. */
  private number(): number {
    const start = this.at;
    NUMBER.lastIndex = 0;
    // Of millions of digits, the expression's own stack would overflow.
    const literal = NUMBER.exec(this.text.slice(start, start + MAX_NUMBER_CHARACTERS + 1))?.[0];
    if (literal === undefined) throw this.malformed();
    this.at += literal.length;
    const value = Number(literal);
    const isLong = literal.length > MAX_NUMBER_CHARACTERS;
    if (isLong || !Number.isFinite(value) || (/[.eE]/.test(literal) && digitsOf(literal) > EXACT_DIGITS)) {
      const message = `${this.field || 'The number'} has more digits than a JSON number can be relied on to carry.`;
      throw this.refused('invalid_request', message, start);
    }
    return value;
  }

  private word<Value>(word: string, value: Value): Value {
    if (!this.text.startsWith(word, this.at)) throw this.malformed();
    this.at += word.length;
    return value;
  }

  /** The code of the next character that is not blank; NaN at the end. */
  private next(): number {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code !== BLANK && code !== LINE_FEED && code !== CARRIAGE_RETURN && code !== TAB) return code;
      this.at++;
    }
  }

  private get field(): string {
    const path = this.open.map(({ key }) => (typeof key === 'string' ? key.slice(0, FIELD_CHARACTERS) : key));
    return fieldAt(path).slice(0, FIELD_CHARACTERS);
  }

  private beyond(message: string): JsonRefused {
    return this.refused('body_beyond_limits', message, this.at);
  }

  private refused(code: JsonRefusal, message: string, offset: number): JsonRefused {
    return new JsonRefused(code, message, this.field, offset);
  }

  private malformed(offset = this.at): JsonRefused {
    let line = 1;
    let lineStart = 0;
    for (let at = 0; at < offset; at++) {
      if (this.text.charCodeAt(at) !== LINE_FEED) continue;
      line++;
      lineStart = at + 1;
    }
    const place = `line ${line}, column ${offset - lineStart + 1}`;
    const message =
      offset < this.text.length ? `This is not JSON from ${place} on.` : `The JSON ends too early, at ${place}.`;
    return this.refused('malformed_body', message, offset);
  }
}

const words = (count: number) => count.toLocaleString('en');

/** How many digits count. */
function digitsOf(literal: string): number {
  const [mantissa = ''] = literal.replace(/^-/, '').split(/[eE]/);
  return mantissa.replace('.', '').replace(/^0+/, '').length;
}
