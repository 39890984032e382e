import { useQuery } from '@tanstack/react-query';
import { memo, useEffect, useMemo, useState, type ClipboardEvent } from 'react';
import type { TargetList } from '@app/target-lists';
import { retract } from '../api/retract.js';
import { useText } from '../language/language.js';
import { Fault } from '../ui/fault.js';
import { LongBox } from './lines/long-box.js';
import type { Draft } from './draft/draft.js';
import { changeDraft } from './draft/kept.js';
import { wordsOfFault } from './lines/line-faults.js';
import { isWhole, linesOf, partsOf, refusalsIn, type Line } from './lines/lines.js';
import { Part } from './picked-messages.js';
import { ArticleChoice } from './step-end.js';
import { takeDownTexts } from './texts.js';

type Shown = 'all' | 'faulty' | 'whole';

/** Pasted lines, and beside them what each was understood as. */
export function PastedLines({ draft, list }: { draft: Draft; list: TargetList }) {
  const t = useText();
  const { merchant, article } = draft;
  const lacks = new Set(list.faults.map(({ code }) => code));
  return (
    <>
      <div className="paste">
        <label className="wizard-field">
          {t(takeDownTexts.list)}
          <textarea
            className="paste-text"
            value={draft.text}
            rows={14}
            spellCheck={false}
            wrap="off"
            aria-describedby="paste-hint"
            onChange={({ target }) => changeDraft({ text: target.value })}
            onPaste={pasteLong}
          />
        </label>
        <Read list={list} />
      </div>
      {(lacks.has('merchant_missing') || lacks.has('article_missing') || merchant !== '' || article !== '') && (
        <div className="wizard-fields">
          <label className="wizard-field">
            {t(takeDownTexts.ofAccount)}
            <input
              value={merchant}
              placeholder="wx…"
              spellCheck={false}
              onChange={({ target }) => changeDraft({ merchant: target.value })}
            />
          </label>
          <ArticleChoice label={t(takeDownTexts.ofArticle)} value={article} />
        </div>
      )}
      <p id="paste-hint" className="soft">
        {t(takeDownTexts.listHint)}
      </p>
    </>
  );
}

const LONG = 50_000;

/** Chromium takes half a minute to put twenty thousand lines into a field by its own means. */
function pasteLong(event: ClipboardEvent<HTMLTextAreaElement>): void {
  const pasted = event.clipboardData.getData('text');
  if (pasted.length < LONG) return;
  event.preventDefault();
  const { value, selectionStart, selectionEnd } = event.currentTarget;
  changeDraft({ text: value.slice(0, selectionStart) + pasted + value.slice(selectionEnd) });
}

/** Not drawn anew with each key that is typed: the list may have twenty thousand lines. */
const Read = memo(function Read({ list }: { list: TargetList }) {
  const t = useText();
  const check = useCheck(list);
  const read = useMemo(() => linesOf(list, check.refusals), [list, check.refusals]);
  return (
    <div className="read">
      <p className="read-counts" role="status">
        {read.understood > 0 && <b className="is-ok">{t(takeDownTexts.understood, { count: read.understood })}</b>}
        {read.faulty > 0 && <b className="is-fault">{t(takeDownTexts.notUnderstood, { count: read.faulty })}</b>}
        {read.passedOver > 0 && <span className="soft">{t(takeDownTexts.passedOver, { count: read.passedOver })}</span>}
        {check.isChecking && <span className="soft">{t(takeDownTexts.checking)}</span>}
        {read.lines.length === 0 && t(takeDownTexts.readAs)}
      </p>
      {check.error && <Fault error={check.error} onRetry={check.retry} />}
      <ReadLines lines={read.lines} faulty={read.faulty} whole={read.whole} />
    </div>
  );
});

const NONE = new Map();
const TYPED_FOR_MS = 400;

/** The service looks at the lines as well, when the typing pauses: it knows which links are to articles, for instance. */
function useCheck(list: TargetList) {
  const [settled, setSettled] = useState(list);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(list), TYPED_FOR_MS);
    return () => clearTimeout(timer);
  }, [list]);
  const parts = useMemo(() => partsOf(settled), [settled]);
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ['takedowns', 'parse', parts],
    queryFn: async ({ signal }) => {
      const answers = [];
      for (const lines of parts) answers.push(await retract.takedowns.parse({ lines }, { signal }));
      return refusalsIn(answers);
    },
    enabled: parts.length > 0,
    // The same lines are always read alike.
    staleTime: 'static',
    gcTime: 10_000,
  });
  const isCurrent = settled === list;
  return {
    refusals: (isCurrent && data) || NONE,
    isChecking: isFetching || (!isCurrent && list.targets.length > 0),
    error: isCurrent ? error : null,
    retry: () => void refetch(),
  };
}

const LINE_PX = 48;

function ReadLines({ lines, faulty, whole }: { lines: readonly Line[]; faulty: number; whole: number }) {
  const t = useText();
  const [chosen, show] = useState<Shown>('all');
  const shown = (chosen === 'faulty' && faulty === 0) || (chosen === 'whole' && whole === 0) ? 'all' : chosen;
  const seen = useMemo(
    () => lines.filter((line) => shown === 'all' || (shown === 'faulty' ? 'fault' in line : isWhole(line))),
    [lines, shown],
  );
  const views: readonly (readonly [Shown, string])[] = [
    ['all', t(takeDownTexts.allLines, { count: lines.length })],
    ...(faulty > 0 ? [['faulty', t(takeDownTexts.faultyLines, { count: faulty })] as const] : []),
    ...(whole > 0 ? [['whole', t(takeDownTexts.wholeLines, { count: whole })] as const] : []),
  ];
  return (
    <>
      {views.length > 1 && (
        <span role="group" aria-label={t(takeDownTexts.showLines)} className="read-views">
          {views.map(([view, words]) => (
            <button key={view} type="button" aria-pressed={view === shown} onClick={() => show(view)}>
              {words}
            </button>
          ))}
        </span>
      )}
      {seen.length === 0 ? (
        <p className="soft line-none">{t(takeDownTexts.nothingYet)}</p>
      ) : (
        <LongBox
          count={seen.length}
          rowPx={LINE_PX}
          label={t(takeDownTexts.readAs)}
          row={(index) => seen[index] && <ReadLine line={seen[index]} />}
        />
      )}
    </>
  );
}

function ReadLine({ line }: { line: Line }) {
  const t = useText();
  const number = (
    <span className="line-no">
      <span className="unseen">{t(takeDownTexts.lineNo, { line: line.line })}</span>
      <span aria-hidden="true">{line.line}</span>
    </span>
  );
  if ('fault' in line) {
    const words = wordsOfFault(line.fault);
    return (
      <div className="read-line is-fault">
        {number}
        <div>
          <b>{words ? t(words) : line.detail}</b>
          <div className="code soft">{line.excerpt}</div>
        </div>
      </div>
    );
  }
  const { merchant, msg_id, url } = line.item;
  return (
    <div className="read-line">
      {number}
      <div>
        <Part item={line.item} />
        <div className="code soft">{[merchant, msg_id, url].filter((part) => part !== undefined).join(' · ')}</div>
      </div>
    </div>
  );
}
