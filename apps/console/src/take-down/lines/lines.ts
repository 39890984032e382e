import type { ParsedTakedown, TakedownItem } from '@app/client';
import { readTargets, type TargetLine, type TargetList } from '@app/target-lists';

/** A line that asks for something, or of which nobody knows what it asks for. */
export type Line = { line: number } & (
  { item: TargetLine; kind: 'link' | 'article' | 'whole' } | { fault: string; detail: string; excerpt: string }
);

export interface Lines {
  lines: Line[];
  understood: number;
  faulty: number;
  whole: number;
  /** Blank lines, comments, names of columns. */
  passedOver: number;
}

/** As it was pasted, with what counts for lines that do not say it. */
export interface Pasted {
  text: string;
  merchant: string;
  /** A number, `all`, or nothing. */
  article: string;
}

/** What pasted text asks for, as far as it can be told without the service. */
export const readPasted = ({ text, merchant, article }: Pasted): TargetList =>
  readTargets(text, {
    ...(merchant.trim() !== '' && { merchant: merchant.trim() }),
    ...(article === 'all' ? { wholeMessage: true } : Number(article) > 0 && { article: Number(article) }),
  });

/** What a file begins with, each with its line. Of a part of it, the last line may be torn. */
export function firstLines(text: string, isCut: boolean): { line: number; item: TargetLine }[] {
  const whole = isCut ? text.slice(0, text.lastIndexOf('\n') + 1) : text;
  return readTargets(whole, {}).targets.map(({ line, target }) => ({ line, item: target }));
}

const AT_A_TIME = 4_000;

/** Parts of a list as `POST /v1/takedowns/parse` takes them: a line of JSON for each target, so that none depends on another. */
export function partsOf({ targets }: TargetList): string[][] {
  const parts: string[][] = [];
  for (let i = 0; i < targets.length; i += AT_A_TIME)
    parts.push(targets.slice(i, i + AT_A_TIME).map(({ target }) => JSON.stringify(target)));
  return parts;
}

/** By the place among the targets, what the service says is wrong with it. */
export type Refusals = ReadonlyMap<number, ParsedTakedown['errors'][number]>;

export function refusalsIn(answers: readonly ParsedTakedown[]): Refusals {
  const refusals = new Map<number, ParsedTakedown['errors'][number]>();
  answers.forEach(({ errors }, part) => {
    for (const error of errors) refusals.set(part * AT_A_TIME + error.line - 1, error);
  });
  return refusals;
}

/** All lines in their order, each with what it was understood as or what is wrong with it. */
export function linesOf({ targets, faults, passedOver }: TargetList, refusals: Refusals): Lines {
  const lines: Line[] = faults.map(({ line, code, why, text }) => ({ line, fault: code, detail: why, excerpt: text }));
  targets.forEach(({ line, target }, i) => {
    const refusal = refusals.get(i);
    lines.push(
      refusal
        ? { line, fault: refusal.code, detail: refusal.detail, excerpt: JSON.stringify(target) }
        : { line, item: target, kind: kindOf(target) },
    );
  });
  lines.sort((a, b) => a.line - b.line);
  const count = (is: (line: Line) => boolean) => lines.filter(is).length;
  const understood = count((line) => 'item' in line);
  return { lines, understood, faulty: lines.length - understood, whole: count(isWhole), passedOver };
}

export const isWhole = (line: Line): boolean => 'kind' in line && line.kind === 'whole';

const kindOf = ({ url, msg_id, whole_message }: TargetLine) =>
  url !== undefined && msg_id === undefined ? 'link' : whole_message === true ? 'whole' : 'article';

/** What is sent: a target on each line, and from which line of the paste it came. */
export function bodyOf(items: readonly (TakedownItem | TargetLine)[]): string {
  return items.map((item) => `${JSON.stringify(item)}\n`).join('');
}
