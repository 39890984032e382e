import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Alert } from 'tdesign-react';
import { useState, type DragEvent } from 'react';
import { problemWords } from '@app/words';
import { addressOf, retract } from '../api/retract.js';
import { useMay } from '../api/session.js';
import { useText } from '../language/language.js';
import { Fault } from '../ui/fault.js';
import { importable } from './import-file.js';
import { messageTexts as texts } from './texts.js';

const LINES_SHOWN = 50;

class OtherKind extends Error {}

/** Takes a file of messages that were sent before their merchants authorized. */
export function ImportSection() {
  const t = useText();
  const mayImport = useMay('operator');
  const queries = useQueryClient();
  const [isOver, setOver] = useState(false);
  const { mutate, data, error, isPending, variables } = useMutation({
    mutationFn: async (file: File) => {
      const lines = await importable(file);
      if (!lines) throw new OtherKind();
      return retract.massMessages.importFrom(lines);
    },
    onSettled: () => void queries.invalidateQueries({ queryKey: ['mass-messages'] }),
  });
  const name = variables?.name ?? '';
  const [isSeveral, setSeveral] = useState(false);
  const take = (files: FileList | null) => {
    const [file] = files ?? [];
    if (!file || isPending) return;
    setSeveral(files !== null && files.length > 1);
    if (files?.length === 1) mutate(file);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files);
  };
  return (
    <details>
      <summary>{t(texts.importTitle)}</summary>
      <div className="section">
        <p>
          {t(texts.importAbout)} <span className="soft">{t(texts.importColumns)}</span>{' '}
          <a href={addressOf('/docs')} target="_blank" rel="noreferrer" className="code">
            POST /v1/mass-messages
          </a>
        </p>
        {mayImport ? (
          <label
            className={isOver ? 'import-drop is-over' : 'import-drop'}
            onDragOver={(event) => {
              event.preventDefault();
              setOver(true);
            }}
            onDragLeave={() => setOver(false)}
            onDrop={drop}
          >
            {t(isPending ? texts.importing : texts.importDrop, { name })}
            <input
              type="file"
              accept=".csv,.ndjson,.jsonl"
              disabled={isPending}
              onChange={({ target }) => {
                take(target.files);
                // The same file, mended, can be chosen again.
                target.value = '';
              }}
            />
          </label>
        ) : (
          <p className="soft">{t(texts.importRole)}</p>
        )}
        <div role="alert">{isSeveral && <Alert theme="warning" message={t(texts.importSeveral)} />}</div>
        {error instanceof OtherKind ? (
          <div role="alert">
            <Alert theme="warning" message={t(texts.importKind, { name })} />
          </div>
        ) : (
          error && <Fault error={error} />
        )}
        {data && (
          <div role="status" className="stack">
            <p>{t(texts.importDone, { name, imported: data.imported, rejected: data.rejected })}</p>
            {data.errors.length > 0 && (
              <ul className="bullets">
                {data.errors.slice(0, LINES_SHOWN).map(({ line, code, detail }) => (
                  <li key={line}>
                    {t(texts.importLine, { line, why: t(problemWords[code].title) })}{' '}
                    <span className="soft">{detail}</span>{' '}
                    <a
                      href={addressOf(`/docs/problems/${code}`)}
                      target="_blank"
                      rel="noreferrer"
                      className="soft code"
                    >
                      {code}
                    </a>
                  </li>
                ))}
              </ul>
            )}
            {data.rejected > LINES_SHOWN && <p>{t(texts.importMore, { count: data.rejected - LINES_SHOWN })}</p>}
          </div>
        )}
      </div>
    </details>
  );
}
