import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An authority of a test's own, with a certificate for one server. Files, as servers and settings name them. */
export interface Certificates {
  /** The certificate of the authority. */
  ca: string;
  /** The one that it has made for the server, and the key of that. */
  cert: string;
  key: string;
  drop(): void;
}

/** @param name of the server, as clients call it: `localhost` */
export function makeCertificates(name: string): Certificates {
  const dir = mkdtempSync(join(tmpdir(), 'retract-tls-'));
  const file = (of: string) => join(dir, of);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '2',
    '-subj',
    '/CN=authority of a test',
  );
  openssl('req', ...newKey, '-keyout', 'server.key', '-out', 'server.csr', '-subj', `/CN=${name}`);
  writeFileSync(file('names'), `subjectAltName=DNS:${name}\n`);
  const signedBy = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names'];
  openssl('x509', '-req', '-in', 'server.csr', '-out', 'server.pem', '-days', '2', ...signedBy);
  return {
    ca: file('ca.pem'),
    cert: file('server.pem'),
    key: file('server.key'),
    drop: () => rmSync(dir, { recursive: true, force: true }),
  };
}
