// Installs and builds what is missing, then checks the chain of the audit log in DATABASE_URL.
import { become, ensureBuilt, ensureInstalled } from './lib.mjs';

ensureInstalled();
ensureBuilt();
become(['--enable-source-maps', 'dist/apps/api/src/verify-audit.js', ...process.argv.slice(2)]);
