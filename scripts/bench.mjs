// Installs and builds what is missing, then becomes the benches: `npm run bench -- --quick`.
import { become, ensureBuilt, ensureInstalled } from './lib.mjs';

ensureInstalled();
ensureBuilt();
become(['--enable-source-maps', 'dist/bench/src/main.js', ...process.argv.slice(2)]);
