import { Link } from '@tanstack/react-router';
import { Alert } from 'tdesign-react';
import { useState, type DragEvent } from 'react';
import type { TargetList } from '@app/target-lists';
import { useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { FormDialog } from '../ui/form-dialog.js';
import { Section } from '../ui/page.js';
import type { Content } from './content.js';
import type { Draft, Source } from './draft/draft.js';
import { changeDraft } from './draft/kept.js';
import { textIn, wayOf } from './lines/file.js';
import { PastedLines } from './pasted-lines.js';
import { PickedMessages } from './picked-messages.js';
import { ArticleChoice, StepEnd } from './step-end.js';
import { takeDownTexts } from './texts.js';

const SOURCES: readonly Source[] = ['pasted', 'file', 'picked', 'label'];

/** What is to be taken down: pasted, from a file, picked among the messages, or by their label. */
export function WhatStep({
  draft,
  pasted,
  content,
}: {
  draft: Draft;
  pasted: TargetList;
  content: Content | undefined;
}) {
  const t = useText();
  const [note, setNote] = useState<Note>();
  const [read, setRead] = useState<ReadFile>();
  const put = ({ name, text }: ReadFile) => {
    setRead(undefined);
    setNote({ text: t(takeDownTexts.fileRead, { name }), isBad: false });
    changeDraft({ source: 'pasted', text });
  };
  const take = async (files: FileList | null) => {
    const [file] = files ?? [];
    if (!files || !file) return;
    setNote(undefined);
    if (files.length > 1) return setNote({ text: t(takeDownTexts.severalFiles), isBad: true });
    try {
      const taken = await takeFile(file, t);
      if (!taken) return;
      if ('isBad' in taken) setNote(taken);
      // What was pasted is not thrown away unasked.
      else if (draft.text.trim() === '') put(taken);
      else setRead(taken);
    } catch {
      // A folder, or a file that is gone meanwhile.
      setNote({ text: t(takeDownTexts.noFile, { name: file.name }), isBad: true });
    }
  };
  const onDrop = (event: DragEvent) => {
    const { files } = event.dataTransfer;
    // Text that is dragged into the field is none of ours.
    if (files.length === 0) return;
    event.preventDefault();
    void take(files);
  };
  return (
    <>
      <Section title={t(takeDownTexts.what)}>
        <fieldset className="sources">
          <legend className="unseen">{t(takeDownTexts.source)}</legend>
          {SOURCES.map((source) => (
            <label key={source}>
              <input
                type="radio"
                name="source"
                checked={draft.source === source}
                onChange={() => {
                  setNote(undefined);
                  changeDraft({ source });
                }}
              />
              {t(takeDownTexts[source])}
            </label>
          ))}
        </fieldset>
        <div role={note?.isBad ? 'alert' : 'status'}>
          {note && <Alert theme={note.isBad ? 'error' : 'success'} message={note.text} />}
        </div>
        {draft.source === 'pasted' && (
          <div className="drop" onDragOver={(event) => event.preventDefault()} onDrop={onDrop}>
            <PastedLines draft={draft} list={pasted} />
          </div>
        )}
        {draft.source === 'file' && <FileSource draft={draft} onDrop={onDrop} take={take} />}
        {draft.source === 'picked' && <PickedMessages picked={draft.picked} />}
        {draft.source === 'label' && <LabelSource draft={draft} />}
      </Section>
      {read && (
        <FormDialog
          title={t(takeDownTexts.replaceTitle, { name: read.name })}
          action={t(takeDownTexts.replace)}
          isBusy={false}
          onSubmit={() => put(read)}
          onClose={() => setRead(undefined)}
        >
          <p>{t(takeDownTexts.replaceLead)}</p>
        </FormDialog>
      )}
      <StepEnd hint={!content && t(takeDownTexts.nothingToTake)}>
        <Button disabled={!content} onClick={() => changeDraft({ step: 'dry-run' })}>
          {t(takeDownTexts.dryRun)}
        </Button>
      </StepEnd>
    </>
  );
}

interface Note {
  text: string;
  isBad: boolean;
}

interface ReadFile {
  name: string;
  text: string;
}

/** A short list is shown line by line; a long one goes as it is. */
async function takeFile(file: File, t: ReturnType<typeof useText>): Promise<Note | ReadFile | undefined> {
  const { name } = file;
  const way = wayOf(file, new Uint8Array(await file.slice(0, 64).arrayBuffer()));
  if (way.as === 'workbook') return { text: t(takeDownTexts.workbook), isBad: true };
  if (way.as === 'stream') {
    const typed = new File([file], name, { type: way.type, lastModified: file.lastModified });
    changeDraft({ source: 'file', file: typed, fileName: name });
    return undefined;
  }
  const text = textIn(new Uint8Array(await file.arrayBuffer()));
  return text === undefined ? { text: t(takeDownTexts.noText, { name }), isBad: true } : { name, text };
}

function FileSource({
  draft: { file, fileName },
  onDrop,
  take,
}: {
  draft: Draft;
  onDrop: (event: DragEvent) => void;
  take: (files: FileList | null) => Promise<void>;
}) {
  const t = useText();
  return (
    <div className="drop" onDragOver={(event) => event.preventDefault()} onDrop={onDrop}>
      {file && (
        <p className="chosen">
          {t(takeDownTexts.sentAsIs, { name: file.name, size: Math.ceil(file.size / 100_000) / 10 })}
          <Button size="small" variant="outline" onClick={() => changeDraft({ file: undefined, fileName: undefined })}>
            {t(takeDownTexts.removeFile)}
          </Button>
        </p>
      )}
      {!file && fileName !== undefined && (
        <Alert theme="warning" message={t(takeDownTexts.fileLost, { name: fileName })} />
      )}
      <div className="drop-here">
        <label>
          {t(takeDownTexts.dropFile)}{' '}
          <input
            type="file"
            accept=".csv,.txt,.ndjson,.jsonl,.json,text/csv,text/plain"
            onChange={({ target }) => {
              void take(target.files);
              // The same file, mended, can be chosen again.
              target.value = '';
            }}
          />
          <span className="as-link" aria-hidden="true">
            {t(takeDownTexts.chooseFile)}
          </span>
        </label>
        <p className="soft">{t(takeDownTexts.fileHint)}</p>
      </div>
    </div>
  );
}

function LabelSource({ draft: { label, article } }: { draft: Draft }) {
  const t = useText();
  return (
    <>
      <div className="wizard-fields">
        <label className="wizard-field">
          {t(takeDownTexts.labelName)}
          <input value={label} maxLength={200} onChange={({ target }) => changeDraft({ label: target.value })} />
        </label>
        <ArticleChoice label={t(takeDownTexts.labelTakes)} value={article} />
      </div>
      <p className="soft">
        {t(takeDownTexts.labelHint)}{' '}
        <Link to="/messages" search={label.trim() === '' ? {} : { label: label.trim() }}>
          {t(takeDownTexts.pickMore)}
        </Link>
      </p>
    </>
  );
}
