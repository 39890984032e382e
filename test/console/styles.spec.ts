import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const SOURCES = 'apps/console/src';
const COMMON = join(SOURCES, 'console.css');
const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).map((path) => join(SOURCES, path));
const read = (path: string) => readFileSync(path, 'utf8');

/** Classes that a sheet describes by themselves: `.line`, not `.line.is-bad` or `.rows .line`; what it says for print left out. */
function classesOf(sheet: string): Set<string> {
  const text = read(sheet)
    .replace(/\/\*[^]*?\*\//g, '')
    .replace(/@media print \{[^]*?\n\}/g, '');
  return new Set([...text.matchAll(/(?<=(?:^|[{},])\s*)\.([a-z][\w-]*)(?=\s*[{,])/g)].map(([, name = '']) => name));
}

/** Classes that a page's source has in its `className`s. */
const classesIn = (source: string): string[] =>
  [...source.matchAll(/className=(?:"([^"]*)"|\{([^{}]|\{[^}]*\})*\})/g)].flatMap(
    ([whole]) => whole.match(/(?<=['"`\s])[\w-]+(?=['"`\s])/g) ?? [],
  );

// A page's sheet is loaded when the page is opened, and stays: what it says of a class holds on every page from then on.
describe('the classes of the console’s sheets', () => {
  const sheets = files.filter((path) => path.endsWith('.css') && path !== COMMON);

  it.each(sheets)('those of %s are its own page’s alone', (sheet) => {
    const elsewhere = files.filter((path) => path.endsWith('.tsx') && !path.startsWith(join(dirname(sheet), '/')));
    const used = new Set(elsewhere.flatMap((path) => classesIn(read(path))));
    expect([...classesOf(sheet)].filter((name) => used.has(name))).toEqual([]);
  });

  it('are each described in one sheet', () => {
    const found = new Map<string, string[]>();
    for (const sheet of [COMMON, ...sheets])
      for (const name of classesOf(sheet)) found.set(name, [...(found.get(name) ?? []), sheet]);
    expect([...found].filter(([, where]) => where.length > 1)).toEqual([]);
  });
});
