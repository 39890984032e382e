import { useEffect, useMemo, useState } from 'react';
import type { CreateTakedown, Takedown, TakedownDryRun } from '@app/client';
import type { TargetLine, TargetList } from '@app/target-lists';
import { retract } from '../api/retract.js';
import type { Draft } from './draft/draft.js';
import { bodyOf, firstLines, readPasted } from './lines/lines.js';
import { takenOf } from './lines/titles.js';

type Label = Pick<CreateTakedown, 'label' | 'article_idx' | 'whole_message'>;
export type How = Pick<CreateTakedown, 'priority' | 'reason' | 'undo_seconds'>;

/** What is to be taken down. */
export interface Content {
  /** Differs where anything else is asked for. */
  key: string;
  /** Lines with a target each, or a label. */
  body: Blob | Label;
  /** What is named first, by the line of the body. */
  first: (signal: AbortSignal) => Promise<readonly Named[]>;
  /** Which line people see, by the line of the body. */
  lineOf: (line: number) => number;
}

/** A line of the body, or one that a label stands for. */
export interface Named {
  line: number;
  item: TargetLine;
}

const NDJSON = { type: 'application/x-ndjson' };
const asItIs = (line: number) => line;

/** A longer text takes a while to be read: that waits until the typing pauses. */
const LONG = 50_000;
const TYPED_FOR_MS = 400;

/** What the pasted lines ask for. */
export function usePasted({ text, merchant, article }: Draft): TargetList {
  const [paused, setPaused] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setPaused(text), TYPED_FOR_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const read = text.length > LONG ? paused : text;
  return useMemo(() => readPasted({ text: read, merchant, article }), [read, merchant, article]);
}

/** Undefined while nothing is named. */
export function useContent(draft: Draft, pasted: TargetList): Content | undefined {
  const { source, article, picked, label, file } = draft;
  return useMemo(() => {
    if (source === 'pasted') return ofPasted(pasted);
    if (source === 'picked')
      return ofItems(
        picked.map(({ item }) => item as TargetLine),
        asItIs,
      );
    if (source === 'label') return ofLabel({ label, article });
    return file && ofFile(file);
  }, [source, pasted, article, picked, label, file]);
}

function ofPasted({ targets }: TargetList): Content | undefined {
  return ofItems(
    targets.map(({ target }) => target),
    (line) => targets[line - 1]?.line ?? line,
  );
}

function ofItems(items: readonly TargetLine[], lineOf: Content['lineOf']): Content | undefined {
  if (items.length === 0) return undefined;
  const body = bodyOf(items);
  const first = () => Promise.resolve(items.map((item, i) => ({ line: i + 1, item })));
  return { key: body, body: new Blob([body], NDJSON), first, lineOf };
}

/** Some thousand lines. */
const FIRST_BYTES = 256 * 1024;

function ofFile(file: File): Content {
  const first = async () => {
    const isCut = file.size > FIRST_BYTES;
    return firstLines(await file.slice(0, FIRST_BYTES).text(), isCut);
  };
  return { key: `${file.name}/${file.size}/${file.lastModified}`, body: file, first, lineOf: asItIs };
}

/** Enough that ten are left when those are taken away that are gone. */
const FIRST_MESSAGES = 50;

function ofLabel({ label, article }: Pick<Draft, 'label' | 'article'>): Content | undefined {
  if (label.trim() === '' || article === '') return undefined;
  const body = {
    label: label.trim(),
    ...(article === 'all' ? { whole_message: true } : { article_idx: Number(article) }),
  };
  const first = async (signal: AbortSignal) => {
    const { data } = await retract.massMessages.list({ label: body.label, limit: FIRST_MESSAGES }, { signal });
    return takenOf(data, body).map((item) => ({ line: 0, item }));
  };
  return { key: JSON.stringify(body), body, first, lineOf: asItIs };
}

/** What would happen; changes nothing. */
export const tryOut = ({ body }: Content, how: How, signal: AbortSignal): Promise<TakedownDryRun> =>
  body instanceof Blob
    ? retract.takedowns.dryRunFrom(body, how, { signal })
    : retract.takedowns.dryRun({ ...body, ...how }, { signal });

/** However often it is asked with the same key, it is one takedown. */
export const ask = ({ body }: Content, how: How, idempotencyKey: string): Promise<Takedown> =>
  body instanceof Blob
    ? retract.takedowns.createFrom(body, how, { idempotencyKey })
    : retract.takedowns.create({ ...body, ...how }, { idempotencyKey });
