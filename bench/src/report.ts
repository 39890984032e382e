import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import type { Figure } from './figures.js';
import type { Scenario } from './scenarios/all.js';

export interface Played {
  scenario: Pick<Scenario, 'name' | 'title'>;
  figures: Figure[];
}

const HEAD = ['scenario', 'figure', 'ours', 'baseline', 'ratio', 'target', 'verdict', 'note'];

/** The table as text, its columns aligned. It is Markdown too. */
export function tableOf(played: Played[]): string {
  const lines = [
    HEAD,
    ...played.flatMap(({ scenario, figures }) =>
      figures.map(({ what, ours, baseline, ratio, target, verdict, note }) => [
        scenario.name,
        what,
        ours,
        baseline,
        ratio === undefined ? '' : `${ratio.toFixed(2)}×`,
        target,
        verdict,
        note ?? '',
      ]),
    ),
  ];
  const widths = HEAD.map((_none, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const [head = '', ...rest] = lines.map(
    (line) => `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  );
  return [head, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rest].join('\n');
}

/** A figure on its own, as soon as it is there. */
export function sentenceOf({ what, ours, baseline, ratio, target, verdict, note }: Figure): string {
  const times = ratio === undefined ? '' : `, ${ratio.toFixed(2)}×`;
  return `${what}: ${ours} against ${baseline}${times} (target ${target}): ${verdict}${note ? `; ${note}` : ''}`;
}

export function describeMachine({ postgres, redis }: { postgres: string; redis: string | undefined }): string {
  const [cpu] = cpus();
  return [
    `${cpus().length} cores (${cpu?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}`,
    `Node ${process.versions.node}, PostgreSQL ${postgres}, ${redis ? `Redis ${redis}` : 'no Redis'}, BullMQ ${bullmqVersion()}`,
  ].join('; ');
}

function bullmqVersion(): string {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: Record<string, string> };
  return dependencies.bullmq ?? 'unknown';
}

/** What stands above this line in the report is written by people, and kept. */
export const MARK = '<!-- Written by `npm run bench`: what stands below is replaced by the next full run. -->';

/** The measured part of docs/benchmarks.md. */
export function markdown(
  played: Played[],
  { machine, command, seconds }: { machine: string; command: string; seconds: number },
): string {
  const day = new Date().toISOString().slice(0, 10);
  return `${MARK}

## Last full run

\`${command}\` on ${day}, ${Math.round(seconds / 60)} minutes. ${machine}.

${tableOf(played)}
`;
}
