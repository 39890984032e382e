import type { Command } from 'commander';
import type { Retract } from '@app/client';
import { complaintOf, connect } from '../settings/connection.js';
import { EXIT, type ExitCode } from '../terminal/exit-codes.js';
import { Terminal } from '../terminal/terminal.js';

/** What a command has at hand. */
export class Context {
  /** Of the service, once it is known: complaints name its pages. */
  url: string | undefined;

  constructor(readonly terminal: Terminal) {}

  readonly tell = (text: string): void => this.terminal.note(text, 'yellow');

  /** @param retryForMs how long a call may be tried again */
  async connect(retryForMs?: number): Promise<Retract> {
    const { client, url } = await connect(this.tell, retryForMs);
    this.url = url;
    return client;
  }
}

/** @param act gets the arguments and options of the command, and says how it came out */
export function acting<Given extends unknown[]>(
  act: (context: Context, ...given: Given) => Promise<ExitCode | void>,
): (...given: [...Given, Command]) => Promise<void> {
  return async (...all) => {
    const command = all.at(-1) as Command;
    const terminal = new Terminal({ json: command.optsWithGlobals<{ json?: boolean }>().json === true });
    const context = new Context(terminal);
    try {
      process.exitCode = (await act(context, ...(all.slice(0, -1) as Given))) ?? EXIT.ok;
    } catch (error) {
      const { exitCode, words, facts } = complaintOf(error, context.url);
      terminal.hideBar();
      terminal.note(words, 'red');
      terminal.json({ error: facts });
      process.exitCode = exitCode;
    } finally {
      terminal.close();
    }
  };
}

/** Examples for `--help`: a line of what it does, and the command. */
export const examples = (...lines: [what: string, command: string][]): string =>
  `\nExamples:\n${lines.map(([what, command]) => `  # ${what}\n  $ ${command}`).join('\n')}`;
