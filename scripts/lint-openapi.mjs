// Writes the OpenAPI description to dist/openapi.json and holds it against the rules in redocly.yaml.
import { spawnSync } from 'node:child_process';
import { root } from './lib.mjs';

const description = 'dist/openapi.json';
const quiet = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
for (const args of [
  ['scripts/openapi.mjs', description],
  ['node_modules/@redocly/cli/bin/cli.js', 'lint', description, '--config', 'redocly.yaml', '--max-problems', '20'],
]) {
  const { status } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...quiet },
  });
  if (status !== 0) process.exit(status ?? 1);
}
