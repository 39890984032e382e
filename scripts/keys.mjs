// Installs and builds what is missing, then tells what in DATABASE_URL each of MASTER_KEYS is needed for.
import { become, ensureBuilt, ensureInstalled } from './lib.mjs';

ensureInstalled();
ensureBuilt();
become(['--enable-source-maps', 'dist/apps/api/src/keys.js', ...process.argv.slice(2)]);
