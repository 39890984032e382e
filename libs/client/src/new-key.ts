/** An idempotency key that nobody else has. `crypto.randomUUID` is missing from pages that came without TLS. */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
