import { useMutation, useQuery } from '@tanstack/react-query';
import { Tag } from 'tdesign-react';
import { useState } from 'react';
import type { Session } from '@app/client';
import { roleNameWords } from '@app/words';
import { queries } from '../api/queries.js';
import { retract } from '../api/retract.js';
import { sessionQuery } from '../api/session.js';
import { useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { FormDialog } from '../ui/form-dialog.js';
import { Empty } from '../ui/loaded.js';
import { Moment } from '../ui/moment.js';
import { Rows, type Column } from '../ui/rows.js';
import { KeyLimits } from './key-limits.js';
import { keyTexts } from './texts.js';

/** The browsers that are signed in. */
export function SessionList() {
  const t = useText();
  const own = useQuery(sessionQuery).data;
  const [ending, setEnding] = useState<Session>();
  const columns: Column<Session>[] = [
    {
      key: 'key',
      title: t(keyTexts.key),
      width: 'minmax(0, 2fr)',
      cell: ({ id, api_key: { name, role } }) => (
        <>
          <b>{name}</b> <span className="soft">{t(roleNameWords[role as keyof typeof roleNameWords])}</span>{' '}
          {id === own?.id && <Tag variant="light-outline">{t(keyTexts.thisBrowser)}</Tag>}
        </>
      ),
    },
    {
      key: 'limits',
      title: t(keyTexts.limits),
      width: 'minmax(0, 1fr)',
      cell: ({ api_key }) => <KeyLimits {...api_key} />,
    },
    { key: 'ip', title: t(keyTexts.from), width: 'minmax(0, 1fr)', cell: ({ ip }) => <code>{ip}</code> },
    {
      key: 'started',
      title: t(keyTexts.started),
      width: 'minmax(0, 1fr)',
      cell: ({ started_at: at }) => at && <Moment at={at} />,
    },
    {
      key: 'ends',
      title: t(keyTexts.endsAt),
      width: 'minmax(0, 1fr)',
      cell: ({ expires_at: at }) => at && <Moment at={at} />,
    },
    {
      key: 'actions',
      title: t(keyTexts.actions),
      width: '80px',
      cell: (session) => (
        <Button
          size="small"
          variant="outline"
          aria-label={t(keyTexts.endNamed, { name: session.api_key.name })}
          onClick={() => setEnding(session)}
        >
          {t(keyTexts.end)}
        </Button>
      ),
    },
  ];
  return (
    <>
      <Rows
        queryKey={['sessions', 'list']}
        read={async (page, signal) => await retract.sessions.list(page, { signal })}
        columns={columns}
        idOf={({ id }) => id ?? ''}
        label={t(keyTexts.sessions)}
        empty={<Empty title={t(keyTexts.noSessions)} />}
      />
      {ending && <EndSession session={ending} onClose={() => setEnding(undefined)} />}
    </>
  );
}

function EndSession({ session, onClose }: { session: Session; onClose: () => void }) {
  const t = useText();
  const { mutate, isPending, error } = useMutation({
    mutationFn: (id: string) => retract.sessions.end(id),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ['sessions'] });
      onClose();
    },
  });
  return (
    <FormDialog
      title={t(keyTexts.endNamed, { name: session.api_key.name })}
      action={t(keyTexts.end)}
      isDanger
      isBusy={isPending}
      error={error}
      onSubmit={() => session.id && mutate(session.id)}
      onClose={onClose}
    >
      <p>{t(keyTexts.endSure)}</p>
    </FormDialog>
  );
}
