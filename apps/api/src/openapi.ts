import { writeFile } from 'node:fs/promises';
import { apiDescription } from './api-description.js';

/** `node scripts/openapi.mjs [file]`: the description of the API, as `/openapi.json` has it. */
const text = `${JSON.stringify(await apiDescription(), undefined, 2)}\n`;
const [file] = process.argv.slice(2);
if (file === undefined) process.stdout.write(text);
else await writeFile(file, text);
