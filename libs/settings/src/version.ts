import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** From the sources, and from what is built of them. */
const MANIFESTS = ['../../../package.json', '../../../../package.json'];

/** The version of the service, as package.json has it. */
export function versionOfService(): string {
  const path = MANIFESTS.map((file) => fileURLToPath(new URL(file, import.meta.url))).find((file) => existsSync(file));
  if (path === undefined) return 'unknown';
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string };
  return version;
}
