import { format } from 'node:util';
import { Logger } from '@nestjs/common';

/**
 * Makes lines of our log of what Node, and libraries by the console, would write as text of many lines: warnings,
 * errors that nobody caught, of which the process ends as ever, and all the rest. Once, at the start of a process.
 */
export function logProcessEvents(): void {
  const logger = new Logger('Process');
  // Node's own listener prints them.
  process.removeAllListeners('warning');
  process.on('warning', (error) => logger.warn('warning of Node', { error }));
  // Rejections that nobody handled come here, too: `origin` tells.
  process.on('uncaughtException', (error, origin) => {
    logger.fatal('the process ends of an error that nobody caught', { error, origin });
    process.exit(1);
  });
  const levels = { debug: 'debug', log: 'log', info: 'log', warn: 'warn', error: 'warn' } as const;
  for (const [method, level] of Object.entries(levels) as [keyof typeof levels, 'debug' | 'log' | 'warn'][]) {
    console[method] = (...words: unknown[]) => logger[level]('on the console', { text: format(...words) });
  }
}

/** Tells of the end of a process that has started: by which signal it came about, and that it has come. */
export function logEnd(name: string, facts: Record<string, unknown>): void {
  const logger = new Logger('Process');
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const) {
    process.once(signal, () => logger.log(`${name} stops`, { signal }));
  }
  process.once('exit', (exit_code) => logger.log(`${name} stopped`, { ...facts, exit_code }));
}
