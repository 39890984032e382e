import { readFileSync } from 'node:fs';
import { settings } from '@app/settings';
import { tableRetention, type Kept } from './support/tables.js';

const cellsOf = (kept: Kept): [string, string] => {
  if ('setting' in kept) return [`\`${kept.setting}\``, kept.since];
  return 'forEver' in kept ? ['for ever', kept.forEver] : ['bounded', kept.bounded];
};

// That no table is missing, test/migrations.int.spec.ts asks the catalogue.
describe('what is kept how long', () => {
  it.each(Object.entries(tableRetention))('is said of %s in words, and by a setting that there is', (_table, kept) => {
    expect(cellsOf(kept)[1]).toMatch(/^[a-z].{5,}[^.]$/);
    if ('setting' in kept) expect(Object.keys(settings)).toContain(kept.setting);
  });

  it('is said by every setting of it', () => {
    const named = new Set(Object.values(tableRetention).flatMap((kept) => ('setting' in kept ? kept.setting : [])));
    expect(Object.keys(settings).filter((name) => name.endsWith('_RETENTION_DAYS') && !named.has(name))).toEqual([]);
  });

  it('stands in docs/operations.md, table by table', () => {
    const [, chapter = ''] = readFileSync('docs/operations.md', 'utf8').split('## What is kept how long\n');
    const [text = ''] = chapter.split('\n## ');
    const written = [...text.matchAll(/^\| `([a-z_]+)` +\| (.*?) +\| (.*?) +\|$/gm)].map(([, ...cells]) => cells);
    expect(written).toEqual(Object.entries(tableRetention).map(([table, kept]) => [table, ...cellsOf(kept)]));
  });
});
