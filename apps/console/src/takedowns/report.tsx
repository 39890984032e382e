import { useMutation } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { Deletion, Takedown } from '@app/client';
import { deletionStateWords } from '@app/words';
import { retract } from '../api/retract.js';
import { useFormats, useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { Fault } from '../ui/fault.js';
import { outcomeOf, partOf } from './its-deletions.js';
import { takedownTexts } from './texts.js';

/** More would be a book; the proof has all of them. */
const MOST = 2_000;
const PAGE = 200;

/** On paper, all of its deletions stand below what the page shows of it. */
export function PrintReport({ takedown: { id } }: { takedown: Takedown }) {
  const t = useText();
  const { mutate, isPending, error, data } = useMutation({
    mutationFn: async () => {
      const deletions: Deletion[] = [];
      for await (const deletion of retract.takedowns.listDeletions(id, { limit: PAGE })) {
        if (deletions.push(deletion) === MOST) break;
      }
      return { deletions, at: new Date().toISOString() };
    },
  });
  useEffect(() => {
    if (data) window.print();
  }, [data]);
  return (
    <>
      <Button variant="outline" loading={isPending} onClick={() => mutate()}>
        {t(takedownTexts.print)}
      </Button>
      {error && <Fault error={error} />}
      {data && <Report deletions={data.deletions} at={data.at} />}
    </>
  );
}

function Report({ deletions, at }: { deletions: readonly Deletion[]; at: string }) {
  const t = useText();
  const formats = useFormats();
  return (
    <div className="report">
      <p>{t(takedownTexts.report, { time: formats.exactMoment(at) })}</p>
      {deletions.length === MOST && <p>{t(takedownTexts.reportCut, { shown: MOST })}</p>}
      <table>
        <thead>
          <tr>
            {[takedownTexts.merchant, takedownTexts.target, takedownTexts.state, takedownTexts.note].map((words) => (
              <th key={words.en} scope="col">
                {t(words)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {deletions.map((deletion) => {
            const { id, merchant, msg_id, state, outcome, finished_at } = deletion;
            const words = outcome && outcomeOf(outcome.code);
            return (
              <tr key={id}>
                <td className="code">{merchant}</td>
                <td>
                  {partOf(deletion, t)} <span className="code">{msg_id}</span>
                </td>
                <td>{t(deletionStateWords[state])}</td>
                <td>
                  {words && t(words)} {finished_at && formats.exactMoment(finished_at)}{' '}
                  <span className="code">{outcome?.rid && `rid ${outcome.rid}`}</span>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
