// Installs and builds what is missing, then checks an exported proof.
import { become, ensureBuilt, ensureInstalled } from './lib.mjs';

ensureInstalled();
ensureBuilt();
become(['--enable-source-maps', 'dist/apps/api/src/verify-proof.js', ...process.argv.slice(2)]);
