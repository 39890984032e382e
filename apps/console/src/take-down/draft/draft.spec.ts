import { changed, isEntered, newDraft, restored, type Draft } from './draft.js';

const NUMBERS = { deletions: 5, merchants: 2, whole_messages: 0, already_open: 0, already_deleted: 0, rejected: 0 };
const picked = [{ item: { merchant: 'A', msg_id: '1', article_idx: 1 } }];
const file = new File(['x'], 'list.csv');

const atConfirm = (given: Partial<Draft>): Draft => ({
  ...newDraft('key', 'once'),
  step: 'confirm',
  seen: NUMBERS,
  ...given,
});

describe('a draft', () => {
  it.each<[string, Partial<Draft>, Partial<Draft>]>([
    ['another source', {}, { source: 'label' }],
    ['another text', { text: 'a' }, { text: 'b' }],
    ['another account of its lines', { text: 'a' }, { merchant: 'wx1' }],
    ['another article of its lines', { text: 'a' }, { article: '2' }],
    ['another file of the same name', { source: 'file', file }, { file: new File(['y'], 'list.csv') }],
    ['its file taken away', { source: 'file', file }, { file: undefined }],
    ['other messages', { source: 'picked', picked }, { picked: [] }],
    ['another label', { source: 'label', label: 'a' }, { label: 'b' }],
    ['another article of a label', { source: 'label', label: 'a', article: '1' }, { article: 'all' }],
  ])('is at its first step again with %s, its dry run not yet seen', (_what, given, changes) => {
    expect(changed(atConfirm(given), changes)).toMatchObject({ ...changes, step: 'what', seen: undefined });
  });

  it.each<[string, Partial<Draft>, Partial<Draft>]>([
    ['how it is done is changed', {}, { reason: 'wrong price', isUrgent: true, startAt: '2026-03-01T13:00' }],
    ['messages are picked beside it', { text: 'a' }, { picked }],
    ['the same is entered again', { source: 'label', label: 'a' }, { label: 'a', source: 'label' }],
  ])('stays where it is when %s', (_what, given, changes) => {
    expect(changed(atConfirm(given), changes)).toMatchObject({ ...changes, step: 'confirm', seen: NUMBERS });
  });

  it('comes back where it was after a reload; of a file, at its first step', () => {
    const fresh = newDraft(undefined, 'new');
    const kept = (given: Partial<Draft>) => JSON.parse(JSON.stringify(atConfirm(given))) as Partial<Draft>;
    expect(restored(fresh, kept({ text: 'a' }))).toEqual(atConfirm({ text: 'a' }));
    const ofFile = kept({ source: 'file', fileName: 'list.csv', file });
    expect(restored(fresh, ofFile)).toMatchObject({ step: 'what', seen: undefined, file: undefined });
    expect(restored(fresh, {})).toEqual(fresh);
  });

  it('is entered as soon as there is something in it', () => {
    expect(isEntered(newDraft('key', 'once'))).toBe(false);
    expect(isEntered(atConfirm({ picked }))).toBe(true);
    expect(isEntered(atConfirm({ fileName: 'list.csv' }))).toBe(true);
  });
});
