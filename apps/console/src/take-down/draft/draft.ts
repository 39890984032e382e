import type { TakedownDryRun, TakedownItem } from '@app/client';

/** What is known of a message, or of one of its articles, where it was picked. */
export interface Selected {
  item: TakedownItem;
  /** Of the article, or of the whole message. */
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

/** What was entered into the wizard so far. */
export interface Draft {
  /** The key of the one who enters it. */
  keyId: string | undefined;
  /** Made once, so that a second try of the same takedown is never a second takedown. */
  idempotencyKey: string;
  step: Step;
  source: Source;
  text: string;
  /** Of pasted lines that name none. */
  merchant: string;
  /** Of lines and labels that name none: a number, `all`, or nothing yet. */
  article: string;
  /** By its type as the api takes it; only its name outlives a reload. */
  file: File | undefined;
  fileName: string | undefined;
  picked: readonly Selected[];
  label: string;
  reason: string;
  isUrgent: boolean;
  undoSeconds: number;
  /**
   * When it is to begin, as `<input type="datetime-local">` has it: empty while the time is not whole. Undefined for "when
   * the undo window is over".
   */
  startAt: string | undefined;
  /** Of a beginning at a time, what was sent for it while nobody knows whether that arrived: another try says the same. */
  sentUndoSeconds: number | undefined;
  /** What the operator has seen of the dry run before going on. */
  seen: Numbers | undefined;
}

export const newDraft = (keyId: string | undefined, idempotencyKey: string): Draft => ({
  keyId,
  idempotencyKey,
  step: 'what',
  source: 'pasted',
  text: '',
  merchant: '',
  article: '',
  file: undefined,
  fileName: undefined,
  picked: [],
  label: '',
  reason: '',
  isUrgent: false,
  undoSeconds: 60,
  startAt: undefined,
  sentUndoSeconds: undefined,
  seen: undefined,
});

/** With other contents it is at its first step again: what was seen of the former ones says nothing of these. */
export function changed(draft: Draft, changes: Partial<Draft>): Draft {
  const next = { ...draft, ...changes };
  const [before, now] = [contentsOf(draft), contentsOf(next)];
  return now.every((part, i) => part === before[i]) ? next : { ...next, step: 'what', seen: undefined };
}

function contentsOf({ source, text, merchant, article, file, picked, label }: Draft): readonly unknown[] {
  const contents = { pasted: [text, merchant, article], file: [file], picked: [picked], label: [label, article] };
  return [source, ...contents[source]];
}

/** As it comes back after a reload, which no file outlives. */
export function restored(fresh: Draft, kept: Partial<Draft>): Draft {
  const draft = { ...fresh, ...kept, file: undefined };
  return draft.source === 'file' ? { ...draft, step: 'what', seen: undefined } : draft;
}

export const isEntered = ({ text, picked, label, fileName, reason }: Draft): boolean =>
  picked.length > 0 || [text, label, fileName ?? '', reason].some((value) => value !== '');
