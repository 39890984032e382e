import type { DataSource } from 'typeorm';
import { firstContact } from '@app/postgres';
import { SettingsInvalid } from '@app/settings';
import { withDataSource, type DatabaseOptions } from './data-source.js';
import { MasterKeysRefused } from './sealing/master-key-rule.js';
import { whyNotStarted, withSetting } from './why-not-started.js';

/** A program for operators ends with this sentence, which needs no stack. */
export class ProgramEnded extends Error {
  override readonly name = 'ProgramEnded';
}

/**
 * A program for operators, which does one thing and ends. Where it could not do it, it says why on the standard error
 * output, in one line as an api or a worker would, and exits with 2; with 1 where a master key is at fault, which is an
 * answer.
 */
export async function runProgram(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    console.error(sentenceOf(error) ?? error);
    process.exitCode = error instanceof MasterKeysRefused ? 1 : 2;
  }
}

/**
 * For such a program.
 * @param setting the one that has the address
 * @throws Unfit, and what pg says
 */
export async function withDatabase(
  options: DatabaseOptions,
  work: (dataSource: DataSource) => Promise<void>,
  setting = 'DATABASE_URL',
): Promise<void> {
  await withSetting(setting, async () => {
    await firstContact(setting, options.url);
    await withDataSource(options, work);
  });
}

/** Undefined: nobody foresaw it, and somebody needs its stack. */
function sentenceOf(error: unknown): string | undefined {
  if (error instanceof ProgramEnded || error instanceof SettingsInvalid) return error.message;
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error ? String(error.code) : '';
  // Words that it does not take; a file that cannot be read.
  if (code.startsWith('ERR_PARSE_ARGS_') || 'path' in error) return error.message;
  if (code === '42P01') return `The database of DATABASE_URL was not migrated to this version (${error.message}).`;
  return whyNotStarted(error);
}
