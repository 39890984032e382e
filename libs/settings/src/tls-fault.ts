const WHAT = {
  authority: 'names a server whose certificate no authority has signed that this process trusts',
  name: 'names a server by another name than those that its certificate has',
  time: 'names a server whose certificate is not valid at this time',
  other: 'names a server with which no TLS comes about',
} as const;

/** https://nodejs.org/docs/latest/api/tls.html#x509-certificate-error-codes */
const CODES: Record<string, keyof typeof WHAT> = {
  UNABLE_TO_GET_ISSUER_CERT: 'authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'authority',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'authority',
  CERT_SIGNATURE_FAILURE: 'authority',
  CERT_UNTRUSTED: 'authority',
  CERT_REJECTED: 'authority',
  CERT_REVOKED: 'authority',
  INVALID_CA: 'authority',
  ERR_TLS_CERT_ALTNAME_INVALID: 'name',
  HOSTNAME_MISMATCH: 'name',
  CERT_NOT_YET_VALID: 'time',
  CERT_HAS_EXPIRED: 'time',
};

/** What pg says of a server without TLS. It has no code. */
const PG_SAYS = /^The server does not support SSL connections|^There was an error establishing an SSL connection/;

/**
 * What kept TLS from coming about, as the rest of a sentence that begins with the setting; undefined for any other
 * error. The words of the error itself name hosts, and are not repeated.
 */
export function tlsFault(error: unknown): string | undefined {
  const chain = new Set([error]);
  // What is added meanwhile is looked at as well; a circle of causes ends.
  for (const one of chain) {
    if (!(one instanceof Error)) continue;
    const code = 'code' in one && typeof one.code === 'string' ? one.code : '';
    const isOther = /^ERR_(SSL|OSSL|TLS)_/.test(code) || code === 'EPROTO' || PG_SAYS.test(one.message);
    const kind = CODES[code] ?? (isOther ? 'other' : undefined);
    if (kind)
      return `${WHAT[kind]} (${code || 'it speaks none'}): see docs/operations.md, Behind a proxy, PgBouncer, TLS.`;
    if (one instanceof AggregateError) one.errors.forEach((within) => chain.add(within));
    chain.add(one.cause);
  }
  return undefined;
}
