import { useQuery } from '@tanstack/react-query';
import { Tag } from 'tdesign-react';
import { useState } from 'react';
import type { ApiKey } from '@app/client';
import { keyStateWords, roleWords } from '@app/words';
import { retract } from '../api/retract.js';
import { sessionQuery, useMay } from '../api/session.js';
import { useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { useFilters } from '../ui/filters.js';
import { Empty } from '../ui/loaded.js';
import { Ago, Moment } from '../ui/moment.js';
import { NeedsRole, PageHead, Views } from '../ui/page.js';
import { Rows, type Column } from '../ui/rows.js';
import { ChangeKey, CreateKey, RevokeKey } from './key-dialogs.js';
import { KeyLimits } from './key-limits.js';
import { SessionList } from './sessions.js';
import { keyTexts } from './texts.js';

type Asked = { kind: 'create' } | { kind: 'change' | 'revoke'; apiKey: ApiKey };

export function Page() {
  const t = useText();
  const [{ view = 'keys' }] = useFilters('view');
  const isAdmin = useMay('admin');
  const [asked, setAsked] = useState<Asked>();
  const close = () => setAsked(undefined);
  if (!isAdmin)
    return (
      <>
        <PageHead title={t(keyTexts.title)} />
        <NeedsRole role="admin" />
      </>
    );
  return (
    <>
      <PageHead title={t(keyTexts.title)}>
        <Button onClick={() => setAsked({ kind: 'create' })}>{t(keyTexts.create)}</Button>
      </PageHead>
      <Views
        label={t(keyTexts.title)}
        current={view}
        views={[
          ['keys', t(keyTexts.keys)],
          ['sessions', t(keyTexts.sessions)],
        ]}
      />
      {view === 'sessions' ? <SessionList /> : <KeyList onAsk={setAsked} />}
      {asked?.kind === 'create' && <CreateKey onClose={close} />}
      {asked?.kind === 'change' && <ChangeKey apiKey={asked.apiKey} onClose={close} />}
      {asked?.kind === 'revoke' && <RevokeKey apiKey={asked.apiKey} onClose={close} />}
    </>
  );
}

const THEMES = { active: 'success', expired: 'default', revoked: 'default' } as const;

function KeyList({ onAsk }: { onAsk: (asked: Asked) => void }) {
  const t = useText();
  const session = useQuery(sessionQuery).data;
  const columns: Column<ApiKey>[] = [
    {
      key: 'name',
      title: t(keyTexts.name),
      width: 'minmax(0, 1.4fr)',
      cell: ({ id, name }) => (
        <>
          <b>{name}</b>{' '}
          {id === session?.api_key.id && (
            <Tag theme="primary" variant="light-outline">
              {t(keyTexts.own)}
            </Tag>
          )}
        </>
      ),
    },
    { key: 'role', title: t(keyTexts.role), width: 'minmax(0, 1.4fr)', cell: ({ role }) => t(roleWords[role]) },
    { key: 'limits', title: t(keyTexts.limits), width: 'minmax(0, 1.4fr)', cell: (key) => <KeyLimits {...key} /> },
    {
      key: 'state',
      title: t(keyTexts.state),
      width: 'minmax(0, 1fr)',
      cell: ({ state, expires_at, revoked_at }) => (
        <>
          <Tag theme={THEMES[state]} variant="light-outline">
            {t(keyStateWords[state])}
          </Tag>{' '}
          {state === 'revoked' && revoked_at && <Ago at={revoked_at} />}
          {state !== 'revoked' && expires_at && (
            <span className="line">
              {t(keyTexts.until)} <Moment at={expires_at} />
            </span>
          )}
        </>
      ),
    },
    {
      key: 'used',
      title: t(keyTexts.lastUsed),
      width: 'minmax(0, 0.8fr)',
      cell: ({ last_used_at: at }) => (at ? <Ago at={at} /> : t(keyTexts.never)),
    },
    {
      key: 'actions',
      title: t(keyTexts.actions),
      width: '150px',
      cell: (apiKey) =>
        apiKey.state !== 'revoked' && (
          <span className="buttons">
            <Button
              size="small"
              variant="outline"
              aria-label={t(keyTexts.changeNamed, { name: apiKey.name })}
              onClick={() => onAsk({ kind: 'change', apiKey })}
            >
              {t(keyTexts.change)}
            </Button>
            <Button
              size="small"
              variant="outline"
              theme="danger"
              aria-label={t(keyTexts.revokeNamed, { name: apiKey.name })}
              onClick={() => onAsk({ kind: 'revoke', apiKey })}
            >
              {t(keyTexts.revoke)}
            </Button>
          </span>
        ),
    },
  ];
  return (
    <Rows
      queryKey={['api-keys', 'list']}
      read={async (page, signal) => await retract.apiKeys.list(page, { signal })}
      columns={columns}
      idOf={({ id }) => id}
      label={t(keyTexts.keys)}
      empty={
        <Empty title={t(keyTexts.none)}>
          <p>{t(keyTexts.noneHint)}</p>
        </Empty>
      }
    />
  );
}
