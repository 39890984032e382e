// Builds the console into dist/console. The api serves what lies there: see apps/api/src/console.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { defineConfig } from 'vite';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const lib = (name) => join(repository, 'libs', name, 'src/index.ts');

/** Beside each file its compressed forms: they are made once, not for each visitor. */
const compressed = {
  name: 'compressed',
  writeBundle({ dir }) {
    for (const name of readdirSync(join(dir, 'assets'))) {
      const path = join(dir, 'assets', name);
      const bytes = readFileSync(path);
      writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
      writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }));
    }
  },
};

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // The page has a <base>, so that the console works below any path.
  base: './',
  resolve: {
    alias: {
      ...Object.fromEntries(
        ['client', 'csv', 'proof-verifier', 'target-lists', 'words'].map((name) => [`@app/${name}`, lib(name)]),
      ),
      // They have builds of their own for browsers, which have no Buffer.
      'csv-parse/sync': 'csv-parse/browser/esm/sync',
      'csv-stringify/sync': 'csv-stringify/browser/esm/sync',
    },
  },
  build: {
    outDir: join(repository, 'dist/console'),
    emptyOutDir: true,
    // The policy of the page takes no script from data: addresses.
    assetsInlineLimit: 0,
    license: { fileName: 'licenses.md' },
    chunkSizeWarningLimit: 1_000,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      // "use client" is for servers that draw pages: there is none.
      onLog: (level, log, handle) => log.code !== 'MODULE_LEVEL_DIRECTIVE' && handle(level, log),
    },
  },
  plugins: [compressed],
});
