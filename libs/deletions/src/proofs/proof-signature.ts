import { CompactSign } from 'jose';
import type { SigningKey } from './proof-keys.js';

/** What whoever doubts a file compares it with. */
export interface ProofEnd {
  subject: string;
  id: string;
  /** Of its deletions. */
  count: number;
  lastHash: string;
}

/** The last line of an export. It is not chained: it says of the chain what it came to, for whom, and whose word that is. */
export interface SignatureRecord {
  type: 'signature';
  subject: string;
  id: string;
  count: number;
  /** The deployment, by its public address. */
  issuer: string;
  signed_at: string;
  /**
   * A detached JWS (RFC 7515, appendix F). Its payload is `{count, id, issuer, last_hash, signed_at, subject}` as JSON without white
   * space, in this order. `EdDSA` is the name of the algorithm that verifiers know; RFC 9864's `Ed25519` is too young for some.
   */
  jws: string;
  prev_hash: string;
}

export async function signEnd(
  end: ProofEnd,
  issuer: string,
  { kid, privateKey, at }: SigningKey,
): Promise<SignatureRecord> {
  const { subject, id, count, lastHash } = end;
  const signed_at = at.toISOString();
  const payload = JSON.stringify({ count, id, issuer, last_hash: lastHash, signed_at, subject });
  const jws = await new CompactSign(new TextEncoder().encode(payload))
    .setProtectedHeader({ alg: 'EdDSA', kid })
    .sign(privateKey);
  const [header, , signature] = jws.split('.');
  return {
    type: 'signature',
    subject,
    id,
    count,
    issuer,
    signed_at,
    jws: `${header}..${signature}`,
    prev_hash: lastHash,
  };
}
