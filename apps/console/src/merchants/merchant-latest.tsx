import { Link } from '@tanstack/react-router';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { Deletion, MassMessage, Merchant } from '@app/client';
import { retract } from '../api/retract.js';
import { EventList } from '../events/event-list.js';
import { useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { Fault } from '../ui/fault.js';
import { Loaded, Loading } from '../ui/loaded.js';
import { Ago } from '../ui/moment.js';
import { Section } from '../ui/page.js';
import { DeletionState } from '../ui/states.js';
import { merchantTexts } from './texts.js';

const SHOWN = 5;
const EVENTS_AT_A_TIME = 10;

type Named = Pick<Merchant, 'appid' | 'component_appid'>;

export function LatestDeletions({ merchant: { appid, component_appid } }: { merchant: Named }) {
  const t = useText();
  const query = useQuery({
    queryKey: ['deletions', 'latest', appid, component_appid],
    queryFn: async ({ signal }) =>
      await retract.deletions.list({ merchant: appid, component_appid, limit: SHOWN }, { signal }),
  });
  return (
    <Section
      title={t(merchantTexts.deletions)}
      actions={
        <Link to="/deletions" search={{ merchant: appid, component_appid }}>
          {t(merchantTexts.allDeletions)}
        </Link>
      }
    >
      <Loaded query={query}>
        {({ data }) =>
          data.length === 0 ? (
            <p className="soft">{t(merchantTexts.noDeletions)}</p>
          ) : (
            <ul className="event-list">
              {data.map((deletion) => (
                <li key={deletion.id}>
                  <span className="soft">
                    <Ago at={deletion.created_at} />
                  </span>
                  <span>
                    <DeletionState state={deletion.state} />{' '}
                    <Link to="/deletions/$id" params={{ id: deletion.id }}>
                      <TargetWords deletion={deletion} />
                    </Link>
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Section>
  );
}

function TargetWords({ deletion: { title, msg_id, article_idx, url } }: { deletion: Deletion }) {
  const t = useText();
  const part = article_idx ? t(merchantTexts.article, { idx: article_idx }) : t(merchantTexts.wholeMessage);
  if (msg_id === null) return <span className="code">{title ?? url}</span>;
  return (
    <>
      {title ?? <span className="code">{msg_id}</span>} · {part}
    </>
  );
}

export function LatestMessages({ merchant: { appid, component_appid } }: { merchant: Named }) {
  const t = useText();
  const query = useQuery({
    queryKey: ['mass-messages', 'latest', appid, component_appid],
    queryFn: async ({ signal }) =>
      await retract.massMessages.list({ merchant: appid, component_appid, limit: SHOWN }, { signal }),
  });
  return (
    <Section
      title={t(merchantTexts.messages)}
      actions={
        <Link to="/messages" search={{ merchant: appid, component_appid }}>
          {t(merchantTexts.allMessages)}
        </Link>
      }
    >
      <Loaded query={query}>
        {({ data }) =>
          data.length === 0 ? (
            <p className="soft">{t(merchantTexts.noMessages)}</p>
          ) : (
            <ul className="event-list">
              {data.map((message) => (
                <MessageLine key={message.msg_id} message={message} />
              ))}
            </ul>
          )
        }
      </Loaded>
    </Section>
  );
}

function MessageLine({ message }: { message: MassMessage }) {
  const t = useText();
  const title = message.title ?? message.articles.find(({ title }) => title)?.title;
  const gone = message.articles.filter(({ deleted_at }) => deleted_at !== null).length;
  return (
    <li>
      <span className="soft">{message.finished_at ? <Ago at={message.finished_at} /> : '–'}</span>
      <span>
        {title ?? <span className="code">{message.msg_id}</span>} ·{' '}
        {t(merchantTexts.articles, { count: message.articles.length })}
        {(message.deleted_at !== null || gone > 0) && (
          <span className="soft">
            {' '}
            · {t(merchantTexts.gone)} {message.deleted_at === null && `${gone} / ${message.articles.length}`}
          </span>
        )}
      </span>
    </li>
  );
}

export function EventsSection({ merchant }: { merchant: Named }) {
  const t = useText();
  return (
    <Section title={t(merchantTexts.events)}>
      <MerchantEvents merchant={merchant} />
    </Section>
  );
}

/** What happened to it, newest first, as far back as somebody wants to read. */
export function MerchantEvents({ merchant, type }: { merchant: Named; type?: string }) {
  const t = useText();
  const { appid, component_appid } = merchant;
  const query = useInfiniteQuery({
    queryKey: ['events', 'of-merchant', appid, component_appid, type],
    queryFn: async ({ pageParam, signal }) =>
      await retract.merchants.listEvents(
        appid,
        { component_appid, limit: EVENTS_AT_A_TIME, ...(type && { type }), ...(pageParam && { cursor: pageParam }) },
        { signal },
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
  });
  if (query.isPending) return <Loading />;
  const events = query.data?.pages.flatMap(({ data }) => data) ?? [];
  return (
    <>
      {query.isError && <Fault error={query.error} onRetry={() => void query.refetch()} />}
      {events.length === 0 && !query.isError && !query.hasNextPage && (
        <p className="soft">{t(merchantTexts.noEvents)}</p>
      )}
      <EventList events={events} hidesMerchant />
      {query.hasNextPage && (
        <div>
          <Button
            size="small"
            variant="outline"
            loading={query.isFetchingNextPage}
            onClick={() => void query.fetchNextPage()}
          >
            {t(merchantTexts.older)}
          </Button>
        </div>
      )}
    </>
  );
}
