import { useSyncExternalStore } from 'react';
import { newKey, type Session } from '@app/client';
import { queries, type QueryKey } from '../../api/queries.js';
import { sessionQuery } from '../../api/session.js';
import { changed, isEntered, newDraft, restored, type Draft, type Selected } from './draft.js';

const KEPT_AS = 'retract.take-down';
const SAVE_AFTER_MS = 300;

let draft = read();
/** It was entered before the page was loaded. */
let isFromBefore = isEntered(draft);
let saving: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

function read(): Draft {
  const fresh = newDraft(undefined, newKey());
  try {
    return restored(fresh, JSON.parse(sessionStorage.getItem(KEPT_AS) ?? '{}') as Partial<Draft>);
  } catch {
    return fresh;
  }
}

/** A browser keeps some megabytes at most: what is longer lives as long as the page, and is gone after a reload. */
function save(): void {
  clearTimeout(saving);
  saving = undefined;
  try {
    sessionStorage.setItem(KEPT_AS, JSON.stringify({ ...draft, file: undefined }));
  } catch {
    sessionStorage.removeItem(KEPT_AS);
  }
}
addEventListener('pagehide', () => saving !== undefined && save());

function replace(next: Draft): void {
  draft = next;
  saving ??= setTimeout(save, SAVE_AFTER_MS);
  for (const told of listeners) told();
}

export const changeDraft = (changes: Partial<Draft>): void => replace(changed(draft, changes));

/** Changes what is picked; what was pasted meanwhile stays beside it. */
export const changePicked = (change: (picked: readonly Selected[]) => readonly Selected[]): void =>
  changeDraft({ picked: change(draft.picked) });

/** Begins anew. */
export function dropDraft(): void {
  isFromBefore = false;
  replace(newDraft(draft.keyId, newKey()));
}

/** What one person has entered is not for the next one. */
function keepFor(keyId: string | undefined): void {
  if (keyId === undefined || keyId === draft.keyId) return;
  isFromBefore = false;
  replace(newDraft(keyId, newKey()));
}
const follow = () => keepFor(queries.getQueryData<Session>(sessionQuery.queryKey)?.api_key.id);
follow();
queries.getQueryCache().subscribe(({ query }) => (query.queryKey as QueryKey)[0] === 'session' && follow());

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useDraft = (): Draft => useSyncExternalStore(subscribe, () => draft);

/** Whether the draft was entered before this page was loaded. */
export const useIsFromBefore = (): boolean => useSyncExternalStore(subscribe, () => isFromBefore);
