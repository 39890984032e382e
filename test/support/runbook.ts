import { readFileSync } from 'node:fs';

/** The commands under a heading of docs/runbook-data.md, as they stand there: a block each. */
export function commandsOf(heading: string): string[] {
  const page = readFileSync('docs/runbook-data.md', 'utf8');
  const chapter = page.split(/^## /m).find((one) => one.startsWith(`${heading}\n`)) ?? '';
  return [...chapter.matchAll(/^( *)```sh\n([^]*?)\n\1```/gm)].map(([, , block = '']) => block);
}
