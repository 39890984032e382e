// Has the script of docs/verify.html check files as a browser would: a list of { text, jwks } comes in, one of reports goes out.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Blob } from 'node:buffer';

const [, script] = /<script type="module">([^]*)<\/script>/.exec(readFileSync('docs/verify.html', 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'verify-page-'));
try {
  const file = join(folder, 'page.mjs');
  writeFileSync(file, script);
  const { examine } = await import(pathToFileURL(file).href);
  const reports = [];
  for (const { text, jwks } of JSON.parse(readFileSync(0, 'utf8'))) reports.push(await examine(new Blob([text]), jwks));
  process.stdout.write(JSON.stringify(reports));
} finally {
  rmSync(folder, { recursive: true });
}
