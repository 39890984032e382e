import { useQueries, useQuery } from '@tanstack/react-query';
import type { TakedownDryRun } from '@app/client';
import type { TargetLine } from '@app/target-lists';
import { retract } from '../api/retract.js';
import { useText } from '../language/language.js';
import { Fault } from '../ui/fault.js';
import { Loading } from '../ui/loaded.js';
import { MerchantName } from '../ui/merchant-name.js';
import { Section } from '../ui/page.js';
import type { Content } from './content.js';
import { wouldGo } from './how.js';
import { searchedFor } from './lines/links.js';
import { isWholeMessage, knownOf } from './lines/titles.js';
import { Part } from './picked-messages.js';
import { takeDownTexts } from './texts.js';

/** As many as are named. */
export const SHOWN = 10;

/** What is named first of what would go. */
function useFirst(content: Content, outcome: TakedownDryRun) {
  const query = useQuery({
    queryKey: ['mass-messages', 'first-of', content.key],
    queryFn: ({ signal }) => content.first(signal),
    gcTime: 60_000,
  });
  const items = wouldGo(query.data ?? [], outcome);
  return {
    query,
    whole: items.filter(isWholeMessage),
    articles: items.filter((item) => !isWholeMessage(item)),
  };
}

/** Names whole messages, and asks whether they are meant. */
export function WholeMessages({
  content,
  outcome,
  isAgreed,
  onAgree,
}: {
  content: Content;
  outcome: TakedownDryRun;
  isAgreed: boolean;
  onAgree: (isAgreed: boolean) => void;
}) {
  const t = useText();
  const { query, whole } = useFirst(content, outcome);
  const count = outcome.whole_messages;
  return (
    <section className="section is-warning" aria-labelledby="whole-title">
      <h2 id="whole-title">{t(takeDownTexts.wholeTitle, { count })}</h2>
      <p>{t(takeDownTexts.wholeLead)}</p>
      <NamedItems query={query} items={whole} count={count} />
      <label className="check">
        <input
          type="checkbox"
          checked={isAgreed}
          disabled={query.isPending}
          onChange={({ target }) => onAgree(target.checked)}
        />
        {t(takeDownTexts.wholeAgree, { count })}
      </label>
    </section>
  );
}

/** Names the first of what would go: a number alone does not show that it is the wrong article. */
export function FirstArticles({ content, outcome }: { content: Content; outcome: TakedownDryRun }) {
  const t = useText();
  const { query, articles } = useFirst(content, outcome);
  const count = outcome.deletions - outcome.whole_messages;
  if (count === 0) return null;
  return (
    <Section title={t(takeDownTexts.sampleTitle)}>
      <NamedItems query={query} items={articles} count={count} />
    </Section>
  );
}

function NamedItems({
  query: { isPending, error, refetch },
  items,
  count,
}: {
  query: ReturnType<typeof useFirst>['query'];
  items: readonly TargetLine[];
  count: number;
}) {
  const t = useText();
  if (isPending) return <Loading />;
  if (error) return <Fault error={error} onRetry={() => void refetch()} />;
  if (items.length === 0) return <p className="soft">{t(takeDownTexts.noneNamed)}</p>;
  return <Items items={items} count={count} />;
}

export function Items({ items, count }: { items: readonly TargetLine[]; count: number }) {
  const shown = items.slice(0, SHOWN);
  const known = useKnown(shown);
  return (
    <ul className="plain-list">
      {shown.map((item, i) => (
        <li key={i}>
          <Part item={item} />
          {' · '}
          <Title of={known[i]} />
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

/** What the first of many items are called, as far as that is known. */
function useKnown(items: readonly TargetLine[]) {
  return useQueries({
    queries: items.map((item) => ({
      queryKey: ['mass-messages', 'of-item', item.merchant, item.msg_id, item.url] as const,
      queryFn: async ({ signal }: { signal: AbortSignal }) => {
        const query = {
          ...(item.merchant && { merchant: item.merchant }),
          q: searchedFor(String(item.msg_id ?? item.url)),
          limit: 20,
        };
        return (await retract.massMessages.list(query, { signal })).data;
      },
      staleTime: 60_000,
    })),
    combine: (found) =>
      found.map(({ data, isError }, i) => (data ? knownOf(items[i] ?? {}, data) : isError ? 'failed' : undefined)),
  });
}

/** Not to know a title, not to have it yet, and that it could not be read, are told apart. */
function Title({ of: known }: { of: ReturnType<typeof useKnown>[number] }) {
  const t = useText();
  if (known === undefined) return <span className="soft">{t(takeDownTexts.readingTitle)}</span>;
  if (known === 'failed') return <span className="is-bad">{t(takeDownTexts.titleUnread)}</span>;
  if (known.is === 'no_such_article') return <b className="is-bad">{t(takeDownTexts.noSuchArticle)}</b>;
  if (known.is === 'unknown') return <span className="soft">{t(takeDownTexts.notInInventory)}</span>;
  return <b>{known.titles.map((title) => `“${title}”`).join(' ')}</b>;
}

export function More({ count }: { count: number }) {
  const t = useText();
  return count > 0 ? <li className="soft">{t(takeDownTexts.andMore, { count })}</li> : null;
}
