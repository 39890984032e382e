import { Link } from '@tanstack/react-router';
import { useMutation, useQuery } from '@tanstack/react-query';
import { BYTE_ORDER_MARK, cellOf, csvRow } from '@app/csv';
import { problemWords, type ProblemWords, type Words } from '@app/words';
import { retract } from '../api/retract.js';
import { useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { Fault } from '../ui/fault.js';
import { Loaded } from '../ui/loaded.js';
import { Section } from '../ui/page.js';
import { merchantIn } from './progress.js';
import { takedownTexts } from './texts.js';

const SHOWN = 10;
const PAGE = 200;

const wordsOf = (code: string): Words | undefined => wordsAbout(code)?.title;

const wordsAbout = (code: string): ProblemWords | undefined =>
  (problemWords as Readonly<Record<string, ProblemWords>>)[code];

/** What is wrong is told by the sentence of the service alone. */
const UNTOLD = ['invalid_request', 'malformed_body'];

/** What was not accepted: the first of it, and all of it as a file. */
export function Rejections({ id, count }: { id: string; count: number }) {
  const t = useText();
  const query = useQuery({
    queryKey: ['takedowns', id, 'rejections'],
    queryFn: async ({ signal }) => (await retract.takedowns.listRejections(id, { limit: SHOWN }, { signal })).data,
    // They are known before the takedown begins, and stay.
    staleTime: 'static',
  });
  const { mutate, isPending, error } = useMutation({
    mutationFn: async () => {
      const rows = [BYTE_ORDER_MARK, csvRow(['line', 'code', 'reason', 'detail', 'begins_with'])];
      for await (const { line, code, detail, excerpt = '' } of retract.takedowns.listRejections(id, { limit: PAGE })) {
        const words = wordsOf(code);
        rows.push(csvRow([line, code, words && t(words), detail, excerpt].map(cellOf)));
      }
      return new Blob(rows, { type: 'text/csv' });
    },
    onSuccess: (file) => {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(file);
      link.download = `takedown-${id}-rejected.csv`;
      link.click();
      URL.revokeObjectURL(link.href);
    },
  });
  return (
    <Section
      title={`${t(takedownTexts.rejected)} (${count.toLocaleString()})`}
      actions={
        <Button size="small" variant="outline" loading={isPending} onClick={() => mutate()}>
          {t(takedownTexts.rejectedCsv)}
        </Button>
      }
    >
      {error && <Fault error={error} />}
      <Loaded query={query}>
        {(rejections) => (
          <ul className="plain-list">
            {rejections.map(({ line, code, detail, excerpt }) => {
              const words = wordsAbout(code);
              const appid = merchantIn(excerpt);
              return (
                <li key={line}>
                  <span className="soft">{t(takedownTexts.rejectedLine, { line })}</span>{' '}
                  <b>{words ? t(words.title) : detail}</b>
                  {words && <div>{UNTOLD.includes(code) ? detail : t(words.next)}</div>}
                  {appid !== undefined && (
                    <Link to="/merchants/$appid" params={{ appid }} className="no-print">
                      {t(takedownTexts.toMerchant)}
                    </Link>
                  )}
                  <div className="soft code">{excerpt}</div>
                </li>
              );
            })}
            {count > rejections.length && (
              <li className="soft">{t(takedownTexts.andMore, { count: count - rejections.length })}</li>
            )}
          </ul>
        )}
      </Loaded>
    </Section>
  );
}
