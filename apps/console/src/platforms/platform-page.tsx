import { useParams } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import type { Platform } from '@app/client';
import { ticketStateWords } from '@app/words';
import { retract } from '../api/retract.js';
import { useText } from '../language/language.js';
import { Copyable } from '../ui/copy.js';
import { Loaded } from '../ui/loaded.js';
import { Moment } from '../ui/moment.js';
import { Facts, PageHead, Section } from '../ui/page.js';
import { Doctor } from './doctor.js';
import { HoldNote, PlatformState } from './platform-state.js';
import { Delete, Forwards, Secrets, Sync } from './platform-settings.js';
import { Provider } from './provider.js';
import { platformTexts } from './texts.js';

const PROBED_MS = 5_000;
const AGES_MS = 60_000;

export function Page() {
  const { appid = '' }: { appid?: string } = useParams({ strict: false });
  const query = useQuery({
    queryKey: ['platforms', appid],
    queryFn: ({ signal }) => retract.platforms.get(appid, { signal }),
    // A ticket ages without an event, and a probe that fails is none.
    refetchInterval: ({ state }) => (state.data?.hold ? PROBED_MS : AGES_MS),
  });
  return (
    <>
      <PageHead title={appid}>{query.data && <PlatformState {...query.data} />}</PageHead>
      <Loaded query={query}>{(platform) => <PlatformParts platform={platform} />}</Loaded>
    </>
  );
}

function PlatformParts({ platform }: { platform: Platform }) {
  const t = useText();
  const { component_appid: appid, hold, ticket_state, ticket_received_at, reconciled_at } = platform;
  return (
    <>
      {hold && <HoldNote hold={hold} />}
      <Section title={t(platformTexts.state)}>
        <Facts
          facts={[
            [t(platformTexts.ticket), t(ticketStateWords[ticket_state])],
            [
              t(platformTexts.ticketAt),
              ticket_received_at ? <Moment at={ticket_received_at} /> : t(platformTexts.never),
            ],
            [t(platformTexts.comparedAt), reconciled_at ? <Moment at={reconciled_at} /> : t(platformTexts.never)],
            [t(platformTexts.registered), <Moment key="made" at={platform.created_at} />],
          ]}
        />
      </Section>
      <Doctor appid={appid} />
      <AtWechat urls={platform.callback_urls} />
      <Sync appid={appid} />
      <Provider platform={platform} />
      <Forwards platform={platform} />
      <Secrets appid={appid} />
      <Delete appid={appid} />
    </>
  );
}

function AtWechat({ urls: { events, messages } }: { urls: Platform['callback_urls'] }) {
  const t = useText();
  return (
    <Section title={t(platformTexts.atWechat)}>
      <p className="soft">{t(platformTexts.atWechatLead)}</p>
      <dl className="settings">
        <dt>{t(platformTexts.eventsUrl)}</dt>
        <dd>
          <Copyable text={events} />
        </dd>
        <dt>{t(platformTexts.messagesUrl)}</dt>
        <dd>
          <Copyable text={messages} />
        </dd>
        <dt>{t(platformTexts.startDomain)}</dt>
        <dd>
          <Copyable text={new URL(events).hostname} />
        </dd>
      </dl>
      <p className="soft">{t(platformTexts.ipHint)}</p>
      <p className="soft">{t(platformTexts.addressHint)}</p>
    </Section>
  );
}
