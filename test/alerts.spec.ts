import { readFileSync } from 'node:fs';

interface Alert {
  name: string;
  text: string;
  /** The heading in the runbook to which it leads, as a browser knows it. */
  anchor: string | undefined;
}

const alerts = readFileSync('deploy/prometheus/alerts.yml', 'utf8')
  .split(/^ +- alert: /m)
  .slice(1)
  .map((text): Alert => ({
    name: text.split('\n')[0] ?? '',
    text,
    anchor: /^ +runbook_url: docs\/runbook\.md#(\S+)$/m.exec(text)?.[1],
  }));
/** Each heading of the second level, with the text below it. */
const paragraphs = new Map(
  readFileSync('docs/runbook.md', 'utf8')
    .split(/^## /m)
    .slice(1)
    .map((text): [string, string] => {
      const [heading = '', ...rest] = text.split('\n');
      return [heading.toLowerCase().replaceAll(' ', '-'), rest.join('\n').trim()];
    }),
);

describe('alerts', () => {
  it('are there', () => {
    expect(alerts.length).toBeGreaterThan(15);
    expect(new Set(alerts.map(({ name }) => name)).size).toBe(alerts.length);
  });

  it.each(alerts)('$name says what is wrong, how bad that is, and where help is', ({ name, text, anchor }) => {
    expect(name).toMatch(/^Retract[A-Z]\w+$/);
    for (const field of ['expr', 'for', 'summary', 'description'])
      expect(text).toMatch(new RegExp(`^ +${field}: \\S`, 'm'));
    expect(text).toMatch(/severity: (critical|warning) /);
    expect([...paragraphs.keys()]).toContain(anchor);
  });

  it('share the runbook, and it has no paragraph for nobody', () => {
    const wanted = new Set(alerts.map(({ anchor }) => anchor));
    expect([...paragraphs.keys()].filter((heading) => !wanted.has(heading))).toEqual([]);
    for (const [heading, text] of paragraphs) expect([heading, text.length > 150]).toEqual([heading, true]);
  });
});
