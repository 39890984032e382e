import { isUtf8 } from 'node:buffer';

export type JsonRefusal = 'malformed_body' | 'body_not_utf8' | 'field_repeated' | 'body_too_deep' | 'invalid_request';

/** Text that is no JSON, or JSON that two readers could understand differently. `code` is that of the problem. */
export class JsonRefused extends Error {
  override readonly name = 'JsonRefused';

  constructor(
    readonly code: JsonRefusal,
    message: string,
    /** Dotted path of the field; empty at the top. */
    readonly field: string,
    /** How many characters (of bad UTF-8: bytes) stand before the place that is meant. */
    readonly offset: number,
  ) {
    super(message);
  }
}

const MAX_DEPTH = 32;
/** A double tells numbers of so many significant digits apart. */
const EXACT_DIGITS = 15;

/**
 * Reads JSON that means one thing only. JSON.parse keeps the last of two equal keys, and rounds: of a request to delete
 * `{"article_idx": 2, "article_idx": 0}` that would be the whole message.
 * @param json bytes, or text of which it is known that it was UTF-8
 * @throws JsonRefused, whose message repeats no value: it may be a secret
 */
export function parseStrictJson(json: Buffer | string): unknown {
  return new Reader(typeof json === 'string' ? json : decode(json)).read();
}

function decode(bytes: Buffer): string {
  if (!isUtf8(bytes)) {
    const offset = firstBadByte(bytes);
    throw new JsonRefused('body_not_utf8', `The byte at ${offset} is not UTF-8.`, '', offset);
  }
  const text = bytes.toString('utf8');
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

/** What cannot be decoded becomes U+FFFD, three bytes; where the bytes are others, it was not there before. */
function firstBadByte(bytes: Buffer): number {
  const text = bytes.toString('utf8');
  let offset = 0;
  for (const character of text) {
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

/** What no string holds as it is. */
// eslint-disable-next-line no-control-regex -- these are the characters that JSON wants escaped
const CONTROL = /[\u0000-\u001f]/;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const BLANK = /[ \t\n\r]*/y;

class Reader {
  private at = 0;
  private readonly path: (string | number)[] = [];

  constructor(private readonly text: string) {}

  read(): unknown {
    const value = this.value();
    if (this.next() !== undefined) throw this.malformed();
    return value;
  }

  private value(): unknown {
    switch (this.next()) {
      case '{':
        return this.object();
      case '[':
        return this.array();
      case '"':
        return this.string();
      case 't':
        return this.word('true', true);
      case 'f':
        return this.word('false', false);
      case 'n':
        return this.word('null', null);
      default:
        return this.number();
    }
  }

  private object(): Record<string, unknown> {
    this.enter();
    const object: Record<string, unknown> = {};
    while (this.next() !== '}') {
      if (this.next() !== '"') throw this.malformed();
      const start = this.at;
      const key = this.string();
      this.path[this.path.length - 1] = key;
      if (key === '__proto__') throw this.refused('malformed_body', 'No field may be called __proto__.', start);
      if (Object.hasOwn(object, key)) {
        throw this.refused('field_repeated', `${this.field} is there twice: it is not clear which one counts.`, start);
      }
      this.take(':');
      object[key] = this.value();
      if (!this.hasMore('}')) break;
    }
    this.leave('}');
    return object;
  }

  private array(): unknown[] {
    this.enter();
    const array: unknown[] = [];
    while (this.next() !== ']') {
      this.path[this.path.length - 1] = array.length;
      array.push(this.value());
      if (!this.hasMore(']')) break;
    }
    this.leave(']');
    return array;
  }

  private string(): string {
    const start = this.at;
    let end = this.text.indexOf('"', start + 1);
    while (end >= 0 && isEscaped(this.text, end)) end = this.text.indexOf('"', end + 1);
    if (end < 0) throw this.malformed(this.text.length);
    this.at = end + 1;
    const inner = this.text.slice(start + 1, end);
    const control = inner.search(CONTROL);
    if (control >= 0) throw this.malformed(start + 1 + control);
    if (!inner.includes('\\')) return inner;
    try {
      return String(JSON.parse(this.text.slice(start, end + 1)));
    } catch {
      throw this.malformed(start + 1 + inner.indexOf('\\'));
    }
  }

  /** Whole numbers pass as long as they are finite: each field has its own bounds, and a msg_id its own problem. */
  private number(): number {
    const start = this.at;
    NUMBER.lastIndex = start;
    const literal = NUMBER.exec(this.text)?.[0];
    if (literal === undefined) throw this.malformed();
    this.at += literal.length;
    const value = Number(literal);
    if (!Number.isFinite(value) || (/[.eE]/.test(literal) && digitsOf(literal) > EXACT_DIGITS)) {
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

  private enter(): void {
    if (this.path.length === MAX_DEPTH) {
      throw this.refused('body_too_deep', `The body is nested deeper than ${MAX_DEPTH} levels.`, this.at);
    }
    this.at++;
    this.path.push('');
  }

  private leave(end: string): void {
    this.take(end);
    this.path.pop();
  }

  /** After an item: whether another one must follow. */
  private hasMore(end: string): boolean {
    if (this.next() === end) return false;
    this.take(',');
    if (this.next() === end) throw this.malformed();
    return true;
  }

  private take(character: string): void {
    if (this.next() !== character) throw this.malformed();
    this.at++;
  }

  /** The next character that is not blank; undefined at the end. */
  private next(): string | undefined {
    const character = this.text[this.at];
    if (character === undefined || character > ' ') return character;
    BLANK.lastIndex = this.at;
    BLANK.test(this.text);
    this.at = BLANK.lastIndex;
    return this.text[this.at];
  }

  private get field(): string {
    return this.path.join('.');
  }

  private refused(code: JsonRefusal, message: string, offset: number): JsonRefused {
    return new JsonRefused(code, message, this.field, offset);
  }

  private malformed(offset = this.at): JsonRefused {
    const before = this.text.slice(0, offset).split('\n');
    const place = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
    const message =
      offset < this.text.length ? `This is not JSON from ${place} on.` : `The JSON ends too early, at ${place}.`;
    return this.refused('malformed_body', message, offset);
  }
}

function isEscaped(text: string, quote: number): boolean {
  let backslashes = 0;
  while (text[quote - 1 - backslashes] === '\\') backslashes++;
  return backslashes % 2 === 1;
}

/** How many digits count. */
function digitsOf(literal: string): number {
  const [mantissa = ''] = literal.replace(/^-/, '').split(/[eE]/);
  return mantissa.replace('.', '').replace(/^0+/, '').length;
}
