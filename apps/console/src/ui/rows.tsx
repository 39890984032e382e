import { useInfiniteQuery, type InfiniteData, type QueryFunctionContext } from '@tanstack/react-query';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { isShort, queries, type QueryKey } from '../api/queries.js';
import { useText } from '../language/language.js';
import { Button } from './button.js';
import { Fault } from './fault.js';
import { Loading } from './loaded.js';
import { uiTexts } from './texts.js';

export interface Column<Row> {
  key: string;
  title: ReactNode;
  cell: (row: Row) => ReactNode;
  /** As in `grid-template-columns`. */
  width: string;
}

interface Page<Row> {
  data: Row[];
  next_cursor: string | null;
}

/** Empty: the first page, as long as the api gives it. */
export interface AskedPage {
  cursor?: string;
  limit?: number;
}

interface Rows<Row> {
  queryKey: QueryKey;
  read: (page: AskedPage, signal: AbortSignal) => PromiseLike<Page<Row>>;
  columns: readonly Column<Row>[];
  idOf: (row: Row) => string;
  /** What the list is of, for those who hear it. */
  label: string;
  /** Shown where there is no row. */
  empty: ReactNode;
}

const ROW_PX = 56;
const ROWS_AHEAD = 20;
/** The first page is to be there soon; those who scroll on want many. */
const NEXT_PAGE = 200;

/** A list of any length: its pages are read as they come into sight, and only rows in sight are drawn. */
export function Rows<Row>({ queryKey, read, columns, idOf, label, empty }: Rows<Row>) {
  const t = useText();
  const query = useInfiniteQuery({
    queryKey,
    queryFn: async ({ pageParam, signal }: QueryFunctionContext<QueryKey, string | undefined>) =>
      await read(pageParam === undefined ? {} : { cursor: pageParam, limit: NEXT_PAGE }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page: Page<Row>) => page.next_cursor ?? undefined,
    // It is stale when there is news, not when time has passed; and a long list is not read from its beginning unasked.
    staleTime: Infinity,
    refetchOnMount: (query) => isShort(query) && 'always',
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  const { data, isStale, hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = query;
  const rows = useMemo(() => rowsOf(data), [data]);

  const list = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const isEmpty = rows.length === 0;
  useEffect(() => setTop(list.current?.offsetTop ?? 0), [isEmpty]);
  // Another function would have every row measured anew, with each step of the wheel.
  const keyOf = useCallback((i: number) => (rows[i] === undefined ? i : idOf(rows[i])), [rows, idOf]);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => ROW_PX,
    overscan: 10,
    scrollMargin: top,
    getItemKey: keyOf,
  });
  const items = virtual.getVirtualItems();
  const isNearEnd = (items.at(-1)?.index ?? 0) >= rows.length - ROWS_AHEAD;
  useEffect(() => {
    if (!isNearEnd || !hasNextPage || isFetchingNextPage || isFetchNextPageError) return;
    void fetchNextPage().then(() => {
      // One more page does not make those before it new.
      if (isStale) void queries.invalidateQueries({ queryKey, exact: true, refetchType: 'none' });
    });
  }, [isNearEnd, hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage, isStale, queryKey]);

  if (query.isPending) return <Loading />;
  if (query.isError && rows.length === 0) return <Fault error={query.error} onRetry={() => void query.refetch()} />;
  // A page of a search may be empty, and not the last.
  if (rows.length === 0) return hasNextPage ? <Loading /> : empty;
  const template = { gridTemplateColumns: columns.map(({ width }) => width).join(' ') };
  return (
    <>
      {isStale && !query.isFetching && !isShort({ state: { data } }) && (
        <Button size="small" variant="outline" onClick={() => void queries.resetQueries({ queryKey, exact: true })}>
          {t(uiTexts.news)}
        </Button>
      )}
      <div className="rows" role="table" aria-label={label} aria-rowcount={hasNextPage ? -1 : rows.length + 1}>
        <div role="rowgroup">
          <div className="row rows-head" role="row" style={template}>
            {columns.map(({ key, title }) => (
              <div key={key} role="columnheader">
                {title}
              </div>
            ))}
          </div>
        </div>
        <div ref={list} role="rowgroup" className="rows-body" style={{ height: virtual.getTotalSize() }}>
          {items.map(({ key, index, start }) => {
            const row = rows[index];
            if (row === undefined) return null;
            return (
              <div
                key={key}
                ref={virtual.measureElement}
                data-index={index}
                className="row"
                role="row"
                aria-rowindex={index + 2}
                style={{ ...template, transform: `translateY(${start - virtual.options.scrollMargin}px)` }}
              >
                {columns.map(({ key, title, cell }) => (
                  <div key={key} role="cell" data-title={typeof title === 'string' ? title : undefined}>
                    {cell(row)}
                  </div>
                ))}
              </div>
            );
          })}
        </div>
      </div>
      <RowsEnd count={rows.length} hasMore={hasNextPage} isReading={isFetchingNextPage} />
      {query.isError && <Fault error={query.error} onRetry={() => void fetchNextPage()} />}
    </>
  );
}

function RowsEnd({ count, hasMore, isReading }: { count: number; hasMore: boolean; isReading: boolean }) {
  const t = useText();
  const said = isReading
    ? t(uiTexts.loading)
    : hasMore
      ? t(uiTexts.shownSoFar, { count })
      : t(uiTexts.allShown, { count });
  return (
    <p className="soft rows-end" role="status">
      {said}
    </p>
  );
}

const rowsOf = <Row,>(data: InfiniteData<Page<Row>> | undefined): Row[] =>
  data?.pages.flatMap((page) => page.data) ?? [];
