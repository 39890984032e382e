// Installs and builds what is missing, then seals with the newest of MASTER_KEYS what older ones have sealed.
import { become, ensureBuilt, ensureInstalled } from './lib.mjs';

ensureInstalled();
ensureBuilt();
become(['--enable-source-maps', 'dist/apps/api/src/reseal.js', ...process.argv.slice(2)]);
