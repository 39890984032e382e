import { Link } from '@tanstack/react-router';
import { Alert } from 'tdesign-react';
import { useState, type DragEvent } from 'react';
import type { TargetList } from '@app/target-lists';
import { useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { Section } from '../ui/page.js';
import type { Content } from './content.js';
import { changeDraft, chooseFile, chosenFile, useDraft, type Draft, type Source } from './draft.js';
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
  const [note, setNote] = useState<{ text: string; isBad: boolean }>();
  const take = (file: File | undefined) => {
    if (file) void takeFile(file, t).then(setNote);
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    take(event.dataTransfer.files[0]);
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
        {draft.source === 'file' && <FileSource onDrop={onDrop} take={take} />}
        {draft.source === 'picked' && <PickedMessages picked={draft.picked} />}
        {draft.source === 'label' && <LabelSource draft={draft} />}
      </Section>
      <StepEnd hint={!content && t(takeDownTexts.nothingToTake)}>
        <Button disabled={!content} onClick={() => changeDraft({ step: 'dry-run' })}>
          {t(takeDownTexts.dryRun)}
        </Button>
      </StepEnd>
    </>
  );
}

/** A short list is shown line by line; a long one goes as it is. */
async function takeFile(file: File, t: ReturnType<typeof useText>) {
  const { name } = file;
  const way = wayOf(file, new Uint8Array(await file.slice(0, 64).arrayBuffer()));
  if (way.as === 'workbook') return { text: t(takeDownTexts.workbook), isBad: true };
  if (way.as === 'stream') {
    chooseFile(new File([file], name, { type: way.type, lastModified: file.lastModified }));
    changeDraft({ source: 'file' });
    return undefined;
  }
  const text = textIn(new Uint8Array(await file.arrayBuffer()));
  if (text === undefined) return { text: t(takeDownTexts.noText, { name }), isBad: true };
  changeDraft({ source: 'pasted', text });
  return { text: t(takeDownTexts.fileRead, { name }), isBad: false };
}

function FileSource({ onDrop, take }: { onDrop: (event: DragEvent) => void; take: (file: File | undefined) => void }) {
  const t = useText();
  const { fileName } = useDraft();
  const file = chosenFile();
  return (
    <div className="drop" onDragOver={(event) => event.preventDefault()} onDrop={onDrop}>
      {file && (
        <p className="chosen">
          {t(takeDownTexts.sentAsIs, { name: file.name, size: Math.ceil(file.size / 100_000) / 10 })}
          <Button size="small" variant="outline" onClick={() => chooseFile(undefined)}>
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
              take(target.files?.[0]);
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
