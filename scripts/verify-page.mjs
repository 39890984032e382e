// Writes docs/verify.html: the check of proofs as one page that needs nothing else. Run it after a change in libs/proof-verifier; a test
// compares. Its script and style are named by their hashes, so that the page runs nothing that somebody added to it.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import ts from 'typescript';

const FOLDER = 'libs/proof-verifier';

function verifyPage() {
  const verifier = ['verify-proof', 'proof-words'].map((name) =>
    scriptOf(readFileSync(`${FOLDER}/src/${name}.ts`, 'utf8')),
  );
  const filled = readFileSync(`${FOLDER}/page/verify.html`, 'utf8').replace('/*{verifier}*/', () =>
    verifier.join('\n'),
  );
  const hashOf = (tag) => {
    const [, inside] = new RegExp(`<${tag}[^>]*>([^]*?)</${tag}>`).exec(filled);
    return `sha256-${createHash('sha256').update(inside).digest('base64')}`;
  };
  return filled.replace('{script-hash}', hashOf('script')).replace('{style-hash}', hashOf('style'));
}

/** Without types. What it imports is types, or stands in the page as well. */
function scriptOf(source) {
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
  });
  return outputText;
}

// `-`: to stdout.
const to = process.argv[2] ?? 'docs/verify.html';
writeFileSync(to === '-' ? 1 : to, verifyPage());
