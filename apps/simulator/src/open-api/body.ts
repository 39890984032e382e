import { parse } from 'lossless-json';
import { Refusal } from '../state/refusal.js';

export type JsonObject = Readonly<Record<string, unknown>>;

// A byte order mark is kept: JSON refuses it, as WeChat does.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** `\uXXXX` that is an escape, not a backslash that was itself escaped. */
const UNICODE_ESCAPE = /(?<!\\)(?:\\\\)*\\u[0-9a-fA-F]{4}/;

/**
 * Reads the body of a call. Whole numbers beyond 2⁵³ come as bigint, so that a message id keeps its digits.
 * @throws {Refusal} 44002 for an empty body, 47002 for `\uXXXX` escapes, 47001 for anything but a JSON object in UTF-8
 */
export function readBody(body: unknown): JsonObject {
  if (!Buffer.isBuffer(body) || body.length === 0) throw new Refusal(44002);
  const text = decode(body);
  if (text.includes('\\u') && UNICODE_ESCAPE.test(text)) throw new Refusal(47002);
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Refusal(47001);
  return value as JsonObject;
}

function decode(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch {
    throw new Refusal(47001);
  }
}

function parseJson(text: string): unknown {
  try {
    // Up to 15 digits JSON.parse, which is much faster, loses nothing.
    return /\d{16}/.test(text) ? parse(text, undefined, parseNumber) : JSON.parse(text);
  } catch {
    throw new Refusal(47001);
  }
}

function parseNumber(text: string): number | bigint {
  const number = Number(text);
  return /^-?\d+$/.test(text) && !Number.isSafeInteger(number) ? BigInt(text) : number;
}

/** The field as text; a missing or empty one is undefined. */
export function textOf(body: JsonObject, field: string): string | undefined {
  const value = body[field];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function objectOf(body: JsonObject, field: string): JsonObject {
  const value = body[field];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

/** A number or its digits as text, for both are sent in the field; undefined for a missing, null or empty one. */
export function integerOf(body: JsonObject, field: string): bigint | 'invalid' | undefined {
  const value = body[field];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : 'invalid';
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? BigInt(value) : 'invalid';
}
