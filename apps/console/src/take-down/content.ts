import { useEffect, useMemo, useState } from 'react';
import type { CreateTakedown, Takedown, TakedownDryRun } from '@app/client';
import type { TargetLine, TargetList } from '@app/target-lists';
import { retract } from '../api/retract.js';
import { chosenFile, type Draft } from './draft.js';
import { bodyOf, readPasted } from './lines/lines.js';

type Label = Pick<CreateTakedown, 'label' | 'article_idx' | 'whole_message'>;
export type How = Pick<CreateTakedown, 'priority' | 'reason' | 'undo_seconds'>;

/** What is to be taken down. */
export interface Content {
  /** Differs where anything else is asked for. */
  key: string;
  /** Lines with a target each, or a label. */
  body: Blob | Label;
  /** What the lines name, where they were read here. */
  items: readonly TargetLine[];
  /** Which line people see, by the line of the body. */
  lineOf: (line: number) => number;
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
  const { source, article, picked, label } = draft;
  const file = chosenFile();
  return useMemo(() => {
    if (source === 'pasted') return ofPasted(pasted);
    if (source === 'picked')
      return ofItems(
        picked.map(({ item }) => item as TargetLine),
        asItIs,
      );
    if (source === 'label') return ofLabel({ label, article });
    if (!file) return undefined;
    return { key: `${file.name}/${file.size}/${file.lastModified}`, body: file, items: [], lineOf: asItIs };
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
  return { key: body, body: new Blob([body], NDJSON), items, lineOf };
}

function ofLabel({ label, article }: Pick<Draft, 'label' | 'article'>): Content | undefined {
  if (label.trim() === '' || article === '') return undefined;
  const body = {
    label: label.trim(),
    ...(article === 'all' ? { whole_message: true } : { article_idx: Number(article) }),
  };
  return { key: JSON.stringify(body), body, items: [], lineOf: asItIs };
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
