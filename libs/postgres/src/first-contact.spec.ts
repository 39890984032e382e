import { whyUnfit } from './first-contact.js';

const withCode = (code: string, message: string) => Object.assign(new Error(message), { code });

describe('a server of Postgres that no later try can make fit', () => {
  it.each([
    ['08P01', 'unsupported startup parameter: options', /^QUEUE_URL leads to a PgBouncer.*docs\/operations\.md/],
    ['08P01', 'unsupported startup parameter in options: synchronous_commit', /^QUEUE_URL leads to a PgBouncer/],
    [
      'SELF_SIGNED_CERT_IN_CHAIN',
      'self-signed certificate in certificate chain',
      /^QUEUE_URL names a server whose cert/,
    ],
  ])('with %s is told in one line, which names the setting', (code, message, line) => {
    const told = whyUnfit('QUEUE_URL', withCode(code, message));
    expect(told?.message).toMatch(line);
    expect(told?.message).not.toContain('\n');
    expect(told?.setting).toBe('QUEUE_URL');
  });

  it('is not one that is away, or refuses otherwise', () => {
    for (const code of ['ECONNREFUSED', '57P03', '28P01', '08P01']) {
      expect(whyUnfit('QUEUE_URL', withCode(code, 'x'))).toBeUndefined();
    }
  });
});
