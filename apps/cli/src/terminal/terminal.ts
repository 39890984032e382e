import { openSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { ReadStream } from 'node:tty';
import { styleText } from 'node:util';
import { SingleBar } from 'cli-progress';
import { EXIT, Stopped, UsageError } from './exit-codes.js';
import { plainLines } from './words.js';

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

interface TerminalOptions {
  /** Nothing but JSON on the standard output. */
  json: boolean;
}

/**
 * Results go to the standard output; progress, questions and complaints go to the other, so that they do not get into a pipe.
 */
export class Terminal {
  private bar: SingleBar | undefined;
  private tty: ReadStream | undefined;

  constructor(private readonly options: TerminalOptions) {
    // A reader such as `head` that has enough ends the command as SIGPIPE ends others: how it came out is not known then.
    for (const stream of [process.stdout, process.stderr]) {
      stream.on('error', ({ code }: NodeJS.ErrnoException) =>
        process.exit(code === 'EPIPE' ? EXIT.closedPipe : EXIT.failed),
      );
    }
  }

  get isJson(): boolean {
    return this.options.json;
  }

  /** A result for people. */
  print(text: string, style?: Style): void {
    if (!this.isJson) process.stdout.write(`${shown(text, style, process.stdout)}\n`);
  }

  /** The result for programs: one document, or one of many lines. */
  json(value: unknown): void {
    if (this.isJson) process.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** What is told besides. */
  note(text: string, style?: Style): void {
    // Over the bar, which is drawn again below it.
    if (this.bar) process.stderr.write('\r\u001b[K');
    process.stderr.write(`${shown(text, style, process.stderr)}\n`);
    this.bar?.updateETA();
  }

  /** Draws a bar where there is a terminal. @param format its text, with the names of the payload in braces */
  showBar(format: string, total: number, payload: object): void {
    if (!process.stderr.isTTY) return;
    this.bar = new SingleBar({
      format,
      stream: process.stderr,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 24,
      hideCursor: true,
      forceRedraw: true,
    });
    this.bar.start(total, 0, payload);
  }

  updateBar(value: number, total: number, payload: object): void {
    this.bar?.setTotal(total);
    this.bar?.update(value, payload);
  }

  hideBar(): void {
    this.bar?.stop();
    this.bar = undefined;
  }

  /** Whether there is anybody to ask. */
  get isAttended(): boolean {
    return process.stderr.isTTY && this.keyboard() !== undefined;
  }

  /** @throws UsageError where there is nobody to ask. @throws Stopped when they press Ctrl-C or Ctrl-D instead */
  async ask(question: string, { isSecret = false } = {}): Promise<string> {
    const input = this.keyboard();
    if (!input || !process.stderr.isTTY) throw new UsageError(`There is no terminal to ask at: ${question.trim()}`);
    // It takes the echo away when it is made, and not before: what is typed at the question is not shown.
    const reader = createInterface({
      input,
      output: isSecret ? nowhere() : process.stderr,
      terminal: true,
      historySize: 0,
    });
    if (isSecret) process.stderr.write(question);
    try {
      return await new Promise<string>((resolve, reject) => {
        const stopped = () => reject(new Stopped());
        reader.once('SIGINT', stopped).once('close', stopped);
        reader.question(isSecret ? '' : question).then(resolve, reject);
      });
    } finally {
      // Its own listeners for this must hear of it, or it goes on to echo. A promise that is settled hears nothing.
      reader.close();
      input.pause();
      if (isSecret) process.stderr.write('\n');
    }
  }

  /** Lets the process end. */
  close(): void {
    this.tty?.destroy();
  }

  /** The standard input, or, where a list comes in by that, or came in and was read to its end, the terminal itself. */
  private keyboard(): ReadStream | NodeJS.ReadStream | undefined {
    const { stdin } = process;
    if (stdin.isTTY && !stdin.readableEnded && !stdin.destroyed) return stdin;
    try {
      this.tty ??= new ReadStream(openSync('/dev/tty', 'r'));
      return this.tty;
    } catch {
      return undefined;
    }
  }
}

/** Much of it comes from others. */
function shown(text: string, style: Style | undefined, stream: NodeJS.WriteStream): string {
  const lines = plainLines(text);
  return style && isColourful(stream) ? styleText(style, lines) : lines;
}

/** https://no-color.org */
function isColourful(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
}

const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() });
