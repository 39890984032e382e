import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where the service is, and the key to it. */
export interface Login {
  url: string;
  apiKey: string;
  /** RETRACT_API_KEY, or the file that it is kept in. */
  source: string;
}

export interface Surroundings {
  env: NodeJS.ProcessEnv;
  platform: NodeJS.Platform;
  home: string;
}

const here = (): Surroundings => ({ env: process.env, platform: process.platform, home: homedir() });

/** The folder for settings of the user: of XDG, on Windows of the roaming profile. */
export function settingsFolder({ env, platform, home }: Surroundings): string {
  if (platform === 'win32') return join(env.APPDATA ?? join(home, 'AppData', 'Roaming'), 'retract');
  // XDG says to ignore a path that is not absolute.
  const base = env.XDG_CONFIG_HOME?.startsWith('/') ? env.XDG_CONFIG_HOME : join(home, '.config');
  return join(base, 'retract');
}

export const loginFile = (surroundings: Surroundings = here()) => join(settingsFolder(surroundings), 'login.json');

export class LoginUnusable extends Error {
  override readonly name = 'LoginUnusable';
}

/**
 * Of the environment, else as `retract login` has kept it. A kept key goes to the address that it was given for, and to
 * no other.
 * @throws LoginUnusable
 */
export async function currentLogin(surroundings: Surroundings = here()): Promise<Login | undefined> {
  const { RETRACT_URL: url, RETRACT_API_KEY: given } = surroundings.env;
  const apiKey = given ? asKey(given, 'RETRACT_API_KEY') : undefined;
  if (url && apiKey) return { url: asUrl(url), apiKey, source: 'RETRACT_API_KEY' };
  const kept = await keptLogin(surroundings);
  if (url && (!kept || asUrl(url) !== kept.url)) {
    throw new LoginUnusable(
      `RETRACT_URL names ${url}, and there is no key for it: set RETRACT_API_KEY, too, or log in there.`,
    );
  }
  return kept && { ...kept, ...(apiKey && { apiKey, source: 'RETRACT_API_KEY' }) };
}

async function keptLogin(surroundings: Surroundings): Promise<Login | undefined> {
  const file = loginFile(surroundings);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new LoginUnusable(`${file} cannot be read: ${String(error)}`, { cause: error });
  }
  try {
    const { url, api_key: apiKey } = JSON.parse(text) as Record<string, unknown>;
    if (typeof url === 'string' && typeof apiKey === 'string') return { url: asUrl(url), apiKey, source: file };
  } catch {
    // Said below.
  }
  throw new LoginUnusable(`${file} is not as \`retract login\` writes it: log in again.`);
}

/** For the user alone, from the first byte on, and whole or not at all. @returns the file */
export async function keepLogin({ url, apiKey }: Omit<Login, 'source'>, surroundings = here()): Promise<string> {
  const folder = settingsFolder(surroundings);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const file = loginFile(surroundings);
  const written = `${file}.${process.pid}`;
  await rm(written, { force: true });
  await writeFile(written, `${JSON.stringify({ url, api_key: apiKey })}\n`, { mode: 0o600, flag: 'wx' });
  await rename(written, file);
  return file;
}

/** @returns whether there was one */
export async function forgetLogin(surroundings = here()): Promise<boolean> {
  const file = loginFile(surroundings);
  const wasThere = await stat(file).then(
    () => true,
    () => false,
  );
  await rm(file, { force: true });
  return wasThere;
}

/** Whether others than the user may read the file. */
export async function isOpenToOthers(file: string): Promise<boolean> {
  return process.platform !== 'win32' && ((await stat(file)).mode & 0o077) !== 0;
}

/** @throws LoginUnusable */
export function asUrl(text: string): string {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
    throw new LoginUnusable(
      `"${text}" is no address of a service: it begins with https://, and has neither user nor query.`,
    );
  }
  return url.href.replace(/\/+$/, '');
}

/** As it can stand in a header, without the end of its line. @throws LoginUnusable */
export function asKey(text: string, name = 'That'): string {
  const key = text.trim();
  if (/^[\x21-\x7e]+$/.test(key)) return key;
  throw new LoginUnusable(`${name} is no key: it is one word that begins with rk_.`);
}

/** Whether what is sent there can be read on the way. */
export function isReadableOnTheWay(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
