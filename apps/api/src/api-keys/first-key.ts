import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ApiKeys } from '@app/access';

/** There is no key yet, and nowhere to put one. */
export class FirstKeyNotKept extends Error {
  readonly code = 'first_key_not_kept';
  override readonly name = 'FirstKeyNotKept';

  constructor(path: string, cause: unknown) {
    const code = cause instanceof Object && 'code' in cause ? String(cause.code) : 'unknown';
    const why =
      code === 'EEXIST'
        ? 'is there already, and is not overwritten. If it is of a start that was cut short, delete it'
        : `cannot be written (${code}). Name a file that can be made`;
    super(`There is no API key yet, and FIRST_KEY_FILE, ${path}, ${why}; or set BOOTSTRAP_API_KEY.`, { cause });
  }
}

/**
 * An admin's key for a deployment that has none, in a file that only its owner can read: what is printed ends up in
 * logs. The key works only once it is there.
 * @returns the file's path, if this process made a key
 * @throws FirstKeyNotKept
 */
export async function makeFirstKey(keys: ApiKeys, file: string): Promise<string | undefined> {
  const path = resolve(file);
  const key = await keys.first(async (made) => {
    try {
      await writeNew(path, `${made}\n`);
    } catch (error) {
      throw new FirstKeyNotKept(path, error);
    }
  });
  return key && path;
}

/** Neither a file that is there nor what a link leads to is overwritten. */
async function writeNew(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
