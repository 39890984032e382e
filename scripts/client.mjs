// Writes libs/client/src/generated anew from the OpenAPI document of the built api: `npm run client`, after each change of routes or
// schemas. A test compares.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createClient } from '@hey-api/openapi-ts';
import { ensureBuilt, ensureInstalled } from './lib.mjs';

/** The OpenAPI document, as the api gives it out. */
function readDocument() {
  return JSON.parse(execFileSync(process.execPath, ['scripts/openapi.mjs'], { encoding: 'utf8', maxBuffer: 1 << 26 }));
}

/**
 * The api also takes a msg_id as a number where none of its digits can be lost. Those who write JavaScript should not have to know
 * where that is.
 */
function withoutNumericIds(document) {
  return JSON.parse(JSON.stringify(document), (key, value) =>
    key === 'msg_id' && value?.anyOf
      ? { ...value, anyOf: value.anyOf.filter(({ type }) => type !== 'number' && type !== 'integer') }
      : value,
  );
}

/**
 * A stream as any other body: the generated reader of server-sent events keeps the ids that come without data to itself, and leaves the
 * connection open when nobody reads on. libs/client/src/stream.ts reads them.
 */
function withPlainStreams(document) {
  return JSON.parse(JSON.stringify(document).replaceAll('"text/event-stream":', '"text/plain":'));
}

/** @param path the folder that the client is written to; what is in it goes */
export async function generateClient(path, document = readDocument()) {
  await createClient({
    input: withPlainStreams(withoutNumericIds(document)),
    // What it writes is not strict about undefined in optional fields, as our sources are.
    output: {
      path,
      clean: true,
      importFileExtension: '.js',
      header: ({ defaultValue }) => ['// @ts-nocheck', ...defaultValue],
    },
    logs: { level: 'warn', file: false },
    plugins: [
      '@hey-api/typescript',
      { name: '@hey-api/client-fetch', throwOnError: true },
      { name: '@hey-api/sdk', responseStyle: 'data', operations: { strategy: 'flat', nesting: 'operationId' } },
    ],
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  ensureInstalled();
  ensureBuilt();
  await generateClient(process.argv[2] ?? 'libs/client/src/generated');
}
