// Installs and builds what is missing, then writes the OpenAPI description to a file, or without one to the output.
import { become, ensureBuilt, ensureInstalled } from './lib.mjs';

// The output is for the description alone.
console.log = console.error;
ensureInstalled();
ensureBuilt();
become(['--enable-source-maps', 'dist/apps/api/src/openapi.js', ...process.argv.slice(2)]);
