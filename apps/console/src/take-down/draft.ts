import { useSyncExternalStore } from 'react';
import { newKey, type TakedownDryRun, type TakedownItem } from '@app/client';

/** What is known of a message, or of one of its articles, where it was picked. */
export interface Selected {
  item: TakedownItem;
  /** Of the article, or of the message. */
  title?: string | null | undefined;
  /** The merchant's name. */
  account?: string | null | undefined;
}

export type Source = 'pasted' | 'file' | 'picked' | 'label';
export type Step = 'what' | 'dry-run' | 'how' | 'confirm';

/** What a dry run has counted. */
export type Numbers = Pick<
  TakedownDryRun,
  'deletions' | 'merchants' | 'whole_messages' | 'already_open' | 'already_deleted' | 'rejected'
>;

/** What was entered into the wizard so far. The file itself is kept beside it: only its name outlives a reload. */
export interface Draft {
  /** Made once, so that a second try of the same takedown is never a second takedown. */
  idempotencyKey: string;
  step: Step;
  source: Source;
  text: string;
  /** Of pasted lines that name none. */
  merchant: string;
  /** Of lines and labels that name none: a number, `all`, or nothing yet. */
  article: string;
  fileName: string | undefined;
  picked: readonly Selected[];
  label: string;
  reason: string;
  isUrgent: boolean;
  undoSeconds: number;
  /** When it is to begin; empty for "when the undo window is over". As `<input type="datetime-local">` has it. */
  startAt: string;
  /** Of a beginning at a time, what was sent for it first: another try says the same. */
  sentUndoSeconds: number | undefined;
  /** What the operator has seen of the dry run before going on. */
  seen: Numbers | undefined;
}

const KEPT_AS = 'retract.take-down';
const SAVE_AFTER_MS = 300;

const newDraft = (): Draft => ({
  idempotencyKey: newKey(),
  step: 'what',
  source: 'pasted',
  text: '',
  merchant: '',
  article: '',
  fileName: undefined,
  picked: [],
  label: '',
  reason: '',
  isUrgent: false,
  undoSeconds: 60,
  startAt: '',
  sentUndoSeconds: undefined,
  seen: undefined,
});

let draft = restored();
let file: File | undefined;
let saving: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

function restored(): Draft {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT_AS) ?? '{}') as Partial<Draft>;
    return { ...newDraft(), ...kept };
  } catch {
    return newDraft();
  }
}

/** A browser keeps some megabytes at most: what is longer lives as long as the page, and is gone after a reload. */
function save(): void {
  clearTimeout(saving);
  saving = undefined;
  try {
    sessionStorage.setItem(KEPT_AS, JSON.stringify(draft));
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

export const changeDraft = (changes: Partial<Draft>): void => replace({ ...draft, ...changes });

/** The file that was chosen, by its type as the api takes it; undefined after a reload, which no file outlives. */
export const chosenFile = (): File | undefined => file;

export function chooseFile(chosen: File | undefined): void {
  file = chosen;
  changeDraft({ fileName: chosen?.name });
}

/** Begins anew. */
export function dropDraft(): void {
  file = undefined;
  replace(newDraft());
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useDraft = (): Draft => useSyncExternalStore(subscribe, () => draft);
