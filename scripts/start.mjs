// Installs and builds what is missing, then becomes the app that is named: `node scripts/start.mjs sandbox --once`.
import { become, ensureBuilt, ensureInstalled } from './lib.mjs';

const [app, ...args] = process.argv.slice(2);
ensureInstalled();
ensureBuilt();
become(['--enable-source-maps', `dist/apps/${app}/src/main.js`, ...args]);
