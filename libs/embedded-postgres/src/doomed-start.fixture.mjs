// A process for a test to kill: starts Postgres in the given folder, tells how it is reached, and stays.
// Plain ESM over dist, because a child process has no jest to compile TypeScript.
import { startEmbeddedPostgres } from '../../../dist/libs/embedded-postgres/src/index.js';

const { url, adopted } = await startEmbeddedPostgres({ dir: process.argv[2], database: 'retract', durable: false });
console.log(JSON.stringify({ url, adopted }));
setInterval(() => undefined, 1_000);
