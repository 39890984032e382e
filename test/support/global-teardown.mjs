import { rmSync } from 'node:fs';

export default async function teardown() {
  const { dir, postgres, redis } = globalThis.__servers;
  redis?.child?.kill('SIGTERM');
  await postgres?.stop();
  rmSync(dir, { recursive: true, force: true });
}
