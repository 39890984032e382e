import { Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Platform } from '@app/client';
import { holdReasonWords } from '@app/words';
import { retract } from '../api/retract.js';
import { hasRole, isLimited, sessionQuery } from '../api/session.js';
import { useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { Empty } from '../ui/loaded.js';
import { Moment } from '../ui/moment.js';
import { PageHead } from '../ui/page.js';
import { Rows, type Column } from '../ui/rows.js';
import { PlatformState } from './platform-state.js';
import { RegisterDialog } from './register-dialog.js';
import { platformTexts } from './texts.js';

export function Page() {
  const t = useText();
  const session = useQuery(sessionQuery).data;
  const [isRegistering, setRegistering] = useState(false);
  const mayRegister = hasRole(session, 'admin') && session !== undefined && !isLimited(session);
  const register = mayRegister && <Button onClick={() => setRegistering(true)}>{t(platformTexts.register)}</Button>;
  const columns: Column<Platform>[] = [
    {
      key: 'platform',
      title: t(platformTexts.platform),
      width: 'minmax(180px, 1.2fr)',
      cell: ({ component_appid: appid }) => (
        <Link to="/settings/platforms/$appid" params={{ appid }}>
          {appid}
        </Link>
      ),
    },
    {
      key: 'state',
      title: t(platformTexts.state),
      width: 'minmax(0, 2fr)',
      cell: (platform) => (
        <>
          <PlatformState {...platform} /> {platform.hold && t(holdReasonWords[platform.hold.reason])}
        </>
      ),
    },
    {
      key: 'ticket',
      title: t(platformTexts.ticketAt),
      width: 'minmax(0, 1fr)',
      cell: ({ ticket_received_at: at }) => (at ? <Moment at={at} /> : t(platformTexts.never)),
    },
    {
      key: 'compared',
      title: t(platformTexts.comparedAt),
      width: 'minmax(0, 1fr)',
      cell: ({ reconciled_at: at }) => (at ? <Moment at={at} /> : t(platformTexts.never)),
    },
  ];
  return (
    <>
      <PageHead title={t(platformTexts.title)}>{register}</PageHead>
      <Rows
        queryKey={['platforms', 'list']}
        read={async (_page, signal) => ({ ...(await retract.platforms.list({ signal })), next_cursor: null })}
        columns={columns}
        idOf={({ component_appid }) => component_appid}
        label={t(platformTexts.list)}
        empty={
          <Empty title={t(session && isLimited(session) ? platformTexts.noneWithin : platformTexts.none)}>
            <p>{t(platformTexts.noneHint)}</p>
            {register || <p className="soft">{t(platformTexts.whoRegisters)}</p>}
          </Empty>
        }
      />
      {isRegistering && <RegisterDialog onClose={() => setRegistering(false)} />}
    </>
  );
}
