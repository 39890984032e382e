import { readFileSync, statSync } from 'node:fs';

const LIMIT_BYTES = 350 * 1024;
const folder = 'dist/console/';

/** What a script imports before it runs, and what these import in turn. What is imported later has a call's parenthesis. */
function scriptsAtOnce(path: string, found = new Set<string>()): Set<string> {
  if (found.has(path)) return found;
  found.add(path);
  const text = readFileSync(folder + path, 'utf8');
  for (const [, name = ''] of text.matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g)) {
    scriptsAtOnce(`assets/${name}`, found);
  }
  return found;
}

describe('the built console', () => {
  const page = readFileSync(`${folder}index.html`, 'utf8');
  const entries = [...page.matchAll(/<(?:script|link)[^>]*(?:src|href)="\.\/(assets\/[\w.-]+\.js)"/g)];

  it('loads no more than 350 kB of script, compressed, before it shows something', () => {
    const scripts = new Set(entries.flatMap(([, path = '']) => [...scriptsAtOnce(path)]));
    const bytes = [...scripts].reduce((sum, path) => sum + statSync(`${folder}${path}.gz`).size, 0);
    expect(scripts.size).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(LIMIT_BYTES);
  });

  it('has the licences of all that is in it', () => {
    const licences = readFileSync(`${folder}licenses.md`, 'utf8');
    for (const name of ['react', 'react-dom', 'tdesign-react', '@tanstack/react-query', 'uqr']) {
      expect(licences).toContain(name);
    }
  });
});
