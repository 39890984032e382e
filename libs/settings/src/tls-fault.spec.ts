import { tlsFault } from './tls-fault.js';

const withCode = (code: string, message = 'db.example') => Object.assign(new Error(message), { code });

describe('what kept TLS from coming about', () => {
  it.each([
    [withCode('SELF_SIGNED_CERT_IN_CHAIN'), /^names a server whose certificate no authority .*\(SELF_SIGNED_CERT_IN/],
    [withCode('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), /no authority/],
    [withCode('DEPTH_ZERO_SELF_SIGNED_CERT'), /no authority/],
    [withCode('ERR_TLS_CERT_ALTNAME_INVALID', "Host: db.example. is not in the cert's altnames"), /another name/],
    [withCode('CERT_HAS_EXPIRED'), /not valid at this time/],
    [withCode('CERT_NOT_YET_VALID'), /not valid at this time/],
    [withCode('ERR_SSL_WRONG_VERSION_NUMBER'), /no TLS comes about \(ERR_SSL_WRONG_VERSION_NUMBER\)/],
    [withCode('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'), /no TLS comes about/],
    [withCode('ERR_OSSL_PEM_NO_START_LINE'), /no TLS comes about/],
    [withCode('EPROTO'), /no TLS comes about/],
    [new Error('The server does not support SSL connections'), /no TLS comes about \(it speaks none\)/],
    [new Error('no answer', { cause: withCode('CERT_HAS_EXPIRED') }), /not valid at this time/],
    [new AggregateError([withCode('ECONNREFUSED'), withCode('CERT_UNTRUSTED')]), /no authority/],
  ])('%s', (error, words) => {
    const told = tlsFault(error);
    expect(told).toMatch(words);
    expect(told).toContain('docs/operations.md');
    expect(told).not.toContain('db.example');
  });

  it.each([undefined, 'ERR_SSL', new Error('x'), withCode('ECONNREFUSED'), withCode('ECONNRESET'), withCode('28P01')])(
    'is not told of other errors: %s',
    (error) => expect(tlsFault(error)).toBeUndefined(),
  );

  it('ends where causes go in a circle', () => {
    const error = new Error('x');
    error.cause = new Error('y', { cause: error });
    expect(tlsFault(error)).toBeUndefined();
  });
});
