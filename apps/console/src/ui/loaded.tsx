import { Skeleton } from 'tdesign-react';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useText } from '../language/language.js';
import { Fault } from './fault.js';
import { uiTexts } from './texts.js';

/** What a query gives, or that it is on its way, or what went wrong. What was read before stays in sight meanwhile. */
export function Loaded<Data>({
  query,
  children,
}: {
  query: UseQueryResult<Data>;
  children: (data: Data) => ReactNode;
}) {
  return (
    <>
      {query.isError && <Fault error={query.error} onRetry={() => void query.refetch()} />}
      {query.data !== undefined ? children(query.data) : query.isError ? null : <Loading />}
    </>
  );
}

export function Loading() {
  const t = useText();
  return (
    <div role="status" aria-label={t(uiTexts.loading)}>
      <Skeleton theme="paragraph" animation="gradient" />
    </div>
  );
}

/** An empty list says how it is filled. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children}
    </div>
  );
}
