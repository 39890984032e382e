// Installs and builds what is missing, then has a new key sign the proofs of the service in DATABASE_URL.
import { become, ensureBuilt, ensureInstalled } from './lib.mjs';

ensureInstalled();
ensureBuilt();
become(['--enable-source-maps', 'dist/apps/api/src/rotate-proof-key.js', ...process.argv.slice(2)]);
