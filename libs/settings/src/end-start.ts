import { Unreachable } from './reach.js';
import { SettingsInvalid } from './read-settings.js';
import { Unfit } from './unfit.js';

/**
 * Ends a process that could not start, with one line for whoever can mend it, and exit code 1: what was opened so far
 * would keep it up.
 * @param explain in words what the error says; undefined for one whose stack somebody needs
 */
export function endStart(
  error: unknown,
  logger: { fatal(message: string, facts: object): void },
  explain: (error: unknown) => string | undefined,
): never {
  if (error instanceof SettingsInvalid) console.error(error.message);
  else if (error instanceof Unreachable) {
    logger.fatal('the start has ended: a server cannot be reached', { setting: error.setting, reason: error.reason });
  } else if (error instanceof Unfit) {
    logger.fatal('the start has ended', { setting: error.setting, reason: error.message });
  } else {
    const reason = explain(error);
    logger.fatal('the start has ended', reason ? { reason } : { error });
  }
  process.exit(1);
}
