import { spawnSync } from 'node:child_process';

/**
 * What the tests of a server need that is no dependency of ours: where the machine has none, they say so and are
 * skipped.
 */
export function describeWith(program: string, title: string, tests: () => void): void {
  if (spawnSync(program, ['--version']).error) describe.skip(`${title} (no ${program} on the PATH)`, tests);
  else describe(title, tests);
}
