import { useMutation, useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import type { TakedownDryRun } from '@app/client';
import { ineligibleReasonWords } from '@app/words';
import { retract } from '../api/retract.js';
import { useFormats, useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { Fault } from '../ui/fault.js';
import { Empty, Loading } from '../ui/loaded.js';
import { MerchantName } from '../ui/merchant-name.js';
import { Ago, QuotaMoment } from '../ui/moment.js';
import { useNow } from '../ui/now.js';
import { Section } from '../ui/page.js';
import { tryOut, type Content } from './content.js';
import type { Draft } from './draft/draft.js';
import { changeDraft } from './draft/kept.js';
import { byReason, howOf, numbersOf, slowAmong } from './how.js';
import { nextAfter, wordsOfFault } from './lines/line-faults.js';
import { FirstArticles, Items, More, SHOWN, WholeMessages } from './named-items.js';
import { StepEnd } from './step-end.js';
import { takeDownTexts } from './texts.js';

/** What would happen. Nothing goes on before it is seen. */
export function DryRunStep({ draft, content }: { draft: Draft; content: Content }) {
  const t = useText();
  /** The dry run of which whole messages were agreed to: another one may have found others. */
  const [agreedTo, agree] = useState<number>();
  const how = howOf(draft, 0);
  const query = useQuery({
    queryKey: ['takedowns', 'dry-run', content.key, draft.isUrgent],
    queryFn: ({ signal }) => tryOut(content, how, signal),
    // It is asked anew when this is asked for, not with each event.
    staleTime: 'static',
    gcTime: 60_000,
  });
  const { data, isFetching, dataUpdatedAt } = query;
  const isAgreed = agreedTo === dataUpdatedAt;
  const lacksAgreement = data !== undefined && data.whole_messages > 0 && !isAgreed;
  return (
    <>
      {query.error && <Fault error={query.error} onRetry={() => void query.refetch()} />}
      {isFetching && (
        <Section title={t(takeDownTexts.trying)}>
          <Loading />
        </Section>
      )}
      {data && !isFetching && (
        <>
          <Outcome outcome={data} at={dataUpdatedAt} again={() => void query.refetch()} />
          {data.whole_messages > 0 && (
            <WholeMessages
              content={content}
              outcome={data}
              isAgreed={isAgreed}
              onAgree={(isAgreed) => agree(isAgreed ? dataUpdatedAt : undefined)}
            />
          )}
          <FirstArticles content={content} outcome={data} />
          <Shared shared={data.shared_material} />
          <Ineligible ineligible={data.ineligible} />
          <Rejected outcome={data} lineOf={content.lineOf} />
          <Slowest outcome={data} />
        </>
      )}
      <StepEnd back="what" hint={data && !isFetching && data.deletions === 0 && t(takeDownTexts.nothingWouldGo)}>
        <Button
          disabled={!data || isFetching || data.deletions === 0 || lacksAgreement}
          onClick={() => data && changeDraft({ step: 'how', seen: numbersOf(data) })}
        >
          {t(takeDownTexts.next)}
        </Button>
      </StepEnd>
    </>
  );
}

function Outcome({ outcome, at, again }: { outcome: TakedownDryRun; at: number; again: () => void }) {
  const t = useText();
  const { deletions, merchants, days_of_quota, eta, already_open, already_deleted, rejected } = outcome;
  const beside = [
    [takeDownTexts.alreadyOpen, already_open],
    [takeDownTexts.alreadyGone, already_deleted],
    [takeDownTexts.refused, rejected],
  ] as const;
  return (
    <Section title={t(takeDownTexts.dryRun)} actions={<WorkedOut at={at} again={again} />}>
      {deletions === 0 ? (
        <Empty title={t(takeDownTexts.nothingWouldGo)}>
          <p>{t(takeDownTexts.nothingWouldGoHint)}</p>
        </Empty>
      ) : (
        <dl className="figures">
          <Figure name={t(takeDownTexts.deletions)} isMain>
            <Count of={deletions} />
          </Figure>
          <Figure name={t(takeDownTexts.ofAccounts)}>
            <Count of={merchants} />
          </Figure>
          <Figure name={t(takeDownTexts.days)} isBad={days_of_quota === null || days_of_quota > 1}>
            <Days days={days_of_quota} />
          </Figure>
          <Figure name={t(takeDownTexts.lastAt)} isSmall>
            {eta === null ? '–' : <QuotaMoment at={eta} />}
          </Figure>
        </dl>
      )}
      <dl className="figures is-beside">
        {beside.map(([words, count]) => (
          <Figure key={words.en} name={t(words)} isSmall isBad={words === takeDownTexts.refused && count > 0}>
            <Count of={count} />
          </Figure>
        ))}
      </dl>
    </Section>
  );
}

/** When it was worked out, for much may happen meanwhile. */
export function WorkedOut({ at, again }: { at: number; again: () => void }) {
  const t = useText();
  return (
    <span className="soft">
      {t(takeDownTexts.workedOut)} <Ago at={new Date(at).toISOString()} />{' '}
      <Button size="small" variant="outline" onClick={again}>
        {t(takeDownTexts.tryAnew)}
      </Button>
    </span>
  );
}

function Figure({
  name,
  isMain,
  isSmall,
  isBad,
  children,
}: {
  name: string;
  isMain?: boolean;
  isSmall?: boolean;
  isBad?: boolean;
  children: ReactNode;
}) {
  const kind = [isMain && 'is-main', isSmall && 'is-small', isBad && 'is-attention'].filter(Boolean).join(' ');
  return (
    <div className={kind}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

const Count = ({ of }: { of: number }) => useFormats().number(of);

export function Days({ days }: { days: number | null }) {
  const t = useText();
  if (days === null) return t(takeDownTexts.never);
  return days <= 1 ? t(takeDownTexts.today) : t(takeDownTexts.daysCount, { count: days });
}

function Shared({ shared: { count, list } }: { shared: TakedownDryRun['shared_material'] }) {
  const t = useText();
  if (count === 0) return null;
  return (
    <section className="section is-warning" aria-labelledby="shared-title">
      <h2 id="shared-title">{t(takeDownTexts.shared)}</h2>
      <p>{t(takeDownTexts.sharedLead, { count })}</p>
      <Items items={list} count={count} />
    </section>
  );
}

function Ineligible({ ineligible: { items, merchants, list } }: { ineligible: TakedownDryRun['ineligible'] }) {
  const t = useText();
  if (merchants === 0) return null;
  const shown = list.slice(0, SHOWN);
  return (
    <Section title={t(takeDownTexts.ineligible)} actions={<LinksAsCsv />}>
      <p>{t(takeDownTexts.ineligibleLead, { merchants, items })}</p>
      <ul className="plain-list">
        {shown.map(({ merchant, reasons, items }) => (
          <li key={merchant}>
            <MerchantName appid={merchant} /> <span className="soft">{t(takeDownTexts.itemsOf, { count: items })}</span>
            {reasons.map((reason) => (
              <div key={reason}>{t(ineligibleReasonWords[reason])}</div>
            ))}
          </li>
        ))}
        <More count={merchants - shown.length} />
      </ul>
    </Section>
  );
}

/** Of all accounts that cannot be served, each with the link by which it authorizes again. */
function LinksAsCsv() {
  const t = useText();
  const { mutate, isPending, error } = useMutation({
    mutationFn: async () => new Response(await retract.merchants.export({ eligible: false })).blob(),
    onSuccess: (file) => {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(file);
      link.download = 'reauthorize-urls.csv';
      link.click();
      URL.revokeObjectURL(link.href);
    },
  });
  return (
    <>
      <Button size="small" variant="outline" loading={isPending} onClick={() => mutate()}>
        {t(takeDownTexts.links)}
      </Button>
      {error && <Fault error={error} />}
    </>
  );
}

const LINES_SHOWN = 20;
/** What is wrong is told by the sentence of the service alone. */
const UNTOLD = ['invalid_request', 'malformed_body'];
/** These are told by their accounts. */
const OF_ACCOUNTS = ['merchant_not_eligible', 'unauthorized', 'reauthorization_required'];

function Rejected({ outcome, lineOf }: { outcome: TakedownDryRun; lineOf: (line: number) => number }) {
  const t = useText();
  const reasons = byReason(
    outcome.errors.filter(({ code }) => !OF_ACCOUNTS.includes(code)),
    lineOf,
  );
  if (reasons.length === 0) return null;
  return (
    <Section title={t(takeDownTexts.rejected)}>
      <ul className="plain-list">
        {reasons.map(({ code, detail, lines }) => {
          const words = wordsOfFault(code);
          const next = nextAfter(code);
          const first = lines.slice(0, LINES_SHOWN).join(', ');
          return (
            <li key={code}>
              <b>{words ? t(words) : detail}</b>{' '}
              <span className="soft">{t(takeDownTexts.rejectedLines, { count: lines.length })}</span>
              {UNTOLD.includes(code) ? <div>{detail}</div> : next && <div>{t(next)}</div>}
              <div className="soft">
                {t(takeDownTexts.lineNo, { line: first })}
                {lines.length > LINES_SHOWN && ` ${t(takeDownTexts.andOthers)}`} <span className="code">{code}</span>
              </div>
            </li>
          );
        })}
      </ul>
    </Section>
  );
}

function Slowest({ outcome }: { outcome: TakedownDryRun }) {
  const t = useText();
  const slow = slowAmong(outcome.slowest, useNow());
  if (slow.length === 0) return null;
  return (
    <Section title={t(takeDownTexts.slowest)}>
      <ul className="plain-list">
        {slow.map(({ merchant, deletions, eta }) => (
          <li key={merchant} className="side-by-side">
            <span>
              <MerchantName appid={merchant} />{' '}
              <span className="soft">{t(takeDownTexts.slowestRow, { count: deletions })}</span>
            </span>
            <span>{eta === null ? t(takeDownTexts.never) : <QuotaMoment at={eta} />}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}
