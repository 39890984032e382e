// Installs and builds what is missing, then takes old rows of the audit log in DATABASE_URL into a file.
import { become, ensureBuilt, ensureInstalled } from './lib.mjs';

ensureInstalled();
ensureBuilt();
become(['--enable-source-maps', 'dist/apps/api/src/audit/archive-audit.js', ...process.argv.slice(2)]);
