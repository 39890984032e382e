import { hash, timingSafeEqual } from 'node:crypto';

/**
 * Signature over an encrypted push or reply: it covers the ciphertext, so it is the one to verify.
 * @returns lowercase hex, 40 characters
 * @see https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/Technical_Plan.html
 */
export function messageSignature(token: string, timestamp: string, nonce: string, encrypt: string): string {
  return sha1OfSorted([token, timestamp, nonce, encrypt]);
}

/**
 * The `signature` query parameter. It does not cover the body: a match proves nothing about the push.
 * @returns lowercase hex, 40 characters
 */
export function plainSignature(token: string, timestamp: string, nonce: string): string {
  return sha1OfSorted([token, timestamp, nonce]);
}

/** Compares in constant time; anything the wire may bring is tolerated as `given`. */
export function signatureMatches(expected: string, given: string): boolean {
  // Hashing first gives equal lengths, which timingSafeEqual insists on.
  const digest = (text: string) => hash('sha256', text, 'buffer');
  return timingSafeEqual(digest(expected), digest(given));
}

function sha1OfSorted(parts: string[]): string {
  // WeChat sorts by bytes; JavaScript's default order is by UTF-16 unit.
  const sorted = parts.map((part) => Buffer.from(part)).sort((a, b) => Buffer.compare(a, b));
  return hash('sha1', Buffer.concat(sorted), 'hex');
}
