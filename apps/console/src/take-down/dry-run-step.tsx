import { useMutation, useQueries, useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import type { TakedownDryRun } from '@app/client';
import { ineligibleReasonWords } from '@app/words';
import type { TargetLine } from '@app/target-lists';
import { retract } from '../api/retract.js';
import { useFormats, useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { Fault } from '../ui/fault.js';
import { Empty, Loading } from '../ui/loaded.js';
import { MerchantName } from '../ui/merchant-name.js';
import { QuotaMoment } from '../ui/moment.js';
import { Section } from '../ui/page.js';
import { tryOut, type Content } from './content.js';
import { changeDraft, type Draft } from './draft.js';
import { byReason, howOf } from './how.js';
import { nextAfter, wordsOfFault } from './lines/line-faults.js';
import { Part } from './picked-messages.js';
import { StepEnd } from './step-end.js';
import { takeDownTexts } from './texts.js';
import { titlesOf } from './lines/titles.js';

/** What would happen. Nothing goes on before it is seen. */
export function DryRunStep({ draft, content }: { draft: Draft; content: Content }) {
  const t = useText();
  const [isWholeAgreed, agreeToWhole] = useState(false);
  const how = howOf(draft, 0);
  const query = useQuery({
    queryKey: ['takedowns', 'dry-run', content.key, draft.isUrgent],
    queryFn: ({ signal }) => tryOut(content, how, signal),
    // It is asked anew when this is asked for, not with each event.
    staleTime: 'static',
    gcTime: 60_000,
  });
  const { data, isFetching } = query;
  const lacksAgreement = data !== undefined && data.whole_messages > 0 && !isWholeAgreed;
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
          <Outcome outcome={data} again={() => void query.refetch()} />
          {data.whole_messages > 0 && (
            <WholeMessages
              count={data.whole_messages}
              items={content.items}
              isAgreed={isWholeAgreed}
              onAgree={agreeToWhole}
            />
          )}
          <Sample items={content.items} refused={data.errors} />
          <Shared shared={data.shared_material} />
          <Ineligible ineligible={data.ineligible} />
          <Rejected outcome={data} lineOf={content.lineOf} />
          <Slowest outcome={data} />
        </>
      )}
      <StepEnd back="what" hint={data && !isFetching && data.deletions === 0 && t(takeDownTexts.nothingWouldGo)}>
        <Button
          disabled={!data || isFetching || data.deletions === 0 || lacksAgreement}
          onClick={() => changeDraft({ step: 'how', seen: data })}
        >
          {t(takeDownTexts.next)}
        </Button>
      </StepEnd>
    </>
  );
}

function Outcome({ outcome, again }: { outcome: TakedownDryRun; again: () => void }) {
  const t = useText();
  const { deletions, merchants, days_of_quota, eta, already_open, already_deleted, rejected } = outcome;
  const beside = [
    [takeDownTexts.alreadyOpen, already_open],
    [takeDownTexts.alreadyGone, already_deleted],
    [takeDownTexts.refused, rejected],
  ] as const;
  return (
    <Section
      title={t(takeDownTexts.dryRun)}
      actions={
        <Button size="small" variant="outline" onClick={again}>
          {t(takeDownTexts.tryAnew)}
        </Button>
      }
    >
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

const SHOWN = 10;

function WholeMessages({
  count,
  items,
  isAgreed,
  onAgree,
}: {
  count: number;
  items: readonly TargetLine[];
  isAgreed: boolean;
  onAgree: (isAgreed: boolean) => void;
}) {
  const t = useText();
  const whole = items.filter(({ whole_message, article_idx }) => whole_message === true || article_idx === 0);
  return (
    <section className="section is-warning" aria-labelledby="whole-title">
      <h2 id="whole-title">{t(takeDownTexts.wholeTitle, { count })}</h2>
      <p>{t(takeDownTexts.wholeLead)}</p>
      <Items items={whole} count={Math.max(whole.length, count)} />
      <label className="check">
        <input type="checkbox" checked={isAgreed} onChange={({ target }) => onAgree(target.checked)} />
        {t(takeDownTexts.wholeAgree, { count })}
      </label>
    </section>
  );
}

/** Names the first of what would go: a number alone does not show that it is the wrong article. */
function Sample({ items, refused }: { items: readonly TargetLine[]; refused: TakedownDryRun['errors'] }) {
  const t = useText();
  const left = new Set(refused.map(({ line }) => line));
  const articles = items.filter(
    ({ whole_message, article_idx }, i) => whole_message !== true && article_idx !== 0 && !left.has(i + 1),
  );
  if (articles.length === 0) return null;
  return (
    <Section title={t(takeDownTexts.sampleTitle)}>
      <Items items={articles} count={articles.length} />
    </Section>
  );
}

function Items({ items, count }: { items: readonly TargetLine[]; count: number }) {
  const t = useText();
  const shown = items.slice(0, SHOWN);
  const titles = useTitles(shown);
  return (
    <ul className="plain-list">
      {shown.map((item, i) => (
        <li key={i}>
          <Part item={item} />
          {' · '}
          {titles[i]?.length ? (
            <b>{titles[i].map((title) => `“${title}”`).join(' ')}</b>
          ) : (
            <span className="soft">{t(takeDownTexts.notInInventory)}</span>
          )}
          <div className="soft">
            {item.merchant !== undefined && <MerchantName appid={item.merchant} />}{' '}
            <span className="code">{item.msg_id ?? item.url}</span>
          </div>
        </li>
      ))}
      <More count={count - shown.length} />
    </ul>
  );
}

/** What the first of many items are called. */
function useTitles(items: readonly TargetLine[]): string[][] {
  return useQueries({
    queries: items.map((item) => ({
      queryKey: ['mass-messages', 'of-item', item.merchant, item.msg_id, item.url] as const,
      queryFn: async ({ signal }: { signal: AbortSignal }) => {
        const query = {
          ...(item.merchant && { merchant: item.merchant }),
          q: String(item.msg_id ?? item.url),
          limit: 20,
        };
        return (await retract.massMessages.list(query, { signal })).data;
      },
      staleTime: 60_000,
    })),
    combine: (found) => found.map(({ data }, i) => titlesOf(items[i] ?? {}, data ?? [])),
  });
}

function More({ count }: { count: number }) {
  const t = useText();
  return count > 0 ? <li className="soft">{t(takeDownTexts.andMore, { count })}</li> : null;
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

function Slowest({ outcome: { slowest, days_of_quota } }: { outcome: TakedownDryRun }) {
  const t = useText();
  if (slowest.length === 0 || (days_of_quota !== null && days_of_quota <= 1)) return null;
  return (
    <Section title={t(takeDownTexts.slowest)}>
      <ul className="plain-list">
        {slowest.map(({ merchant, deletions, eta }) => (
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
