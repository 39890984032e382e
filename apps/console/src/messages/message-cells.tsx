import { Link } from '@tanstack/react-router';
import { Tag } from 'tdesign-react';
import type { MassMessage } from '@app/client';
import { useText } from '../language/language.js';
import { Ago } from '../ui/moment.js';
import { canPick, keyOf, WHOLE, wasSent, type Picked } from './picking.js';
import { messageTexts as texts } from './texts.js';

export type Toggle = (message: MassMessage, articleIdx: number) => void;

interface Picking {
  message: MassMessage;
  picked: Picked;
  /** Undefined for those who only look. */
  toggle: Toggle | undefined;
}

export function MessageCell({ message, picked, toggle }: Picking) {
  const t = useText();
  const { msg_id, title, label, deleted_by } = message;
  const id = { id: msg_id };
  return (
    <>
      <b>{title ?? t(texts.noTitle, id)}</b>{' '}
      {label !== null && (
        <Link to="/messages" search={{ label }} className="label-link">
          {t(texts.labelled, { label })}
        </Link>
      )}
      {title !== null && <span className="cell-note soft code">{msg_id}</span>}
      <span className="cell-note">
        {deleted_by !== null ? (
          <Gone by={deleted_by} />
        ) : (
          toggle && (
            <Box message={message} articleIdx={WHOLE} picked={picked} toggle={toggle} name={t(texts.wholeOf, id)}>
              {t(texts.whole)}
            </Box>
          )
        )}
      </span>
    </>
  );
}

export function ArticlesCell({ message, picked, toggle }: Picking) {
  const t = useText();
  if (message.articles.length === 0) return <span className="soft">{t(texts.noArticles)}</span>;
  return (
    <ul className="articles">
      {message.articles.map(({ article_idx: number, title, url, deleted_by }) => {
        const name = title ?? t(texts.article, { number });
        return (
          <li key={number}>
            {toggle ? (
              <Box
                message={message}
                articleIdx={number}
                picked={picked}
                toggle={toggle}
                name={`${title ?? ''} ${t(texts.articleOf, { id: message.msg_id, number })}`.trim()}
              >
                <ArticleName number={number} name={name} />
              </Box>
            ) : (
              <ArticleName number={number} name={name} />
            )}
            {url !== null && (
              <a href={url} target="_blank" rel="noreferrer" aria-label={t(texts.openArticle, { number })}>
                {t(texts.open)}
              </a>
            )}
            {deleted_by !== null && deleted_by !== message.deleted_by && <Gone by={deleted_by} />}
          </li>
        );
      })}
    </ul>
  );
}

const ArticleName = ({ number, name }: { number: number; name: string }) => (
  <span>
    <span className="soft">{number}.</span> {name}
  </span>
);

function Box({
  message,
  articleIdx,
  picked,
  toggle,
  name,
  children,
}: {
  message: MassMessage;
  articleIdx: number;
  picked: Picked;
  toggle: Toggle;
  name: string;
  children: React.ReactNode;
}) {
  const isWithin = articleIdx !== WHOLE && picked.has(keyOf(message, WHOLE));
  return (
    <label className="box">
      <input
        type="checkbox"
        aria-label={name}
        checked={isWithin || picked.has(keyOf(message, articleIdx))}
        disabled={isWithin || !canPick(message, articleIdx)}
        onChange={() => toggle(message, articleIdx)}
      />
      {children}
    </label>
  );
}

function Gone({ by }: { by: string }) {
  const t = useText();
  return (
    <Link to="/deletions/$id" params={{ id: by }}>
      <Tag size="small" theme="success" variant="light-outline">
        {t(texts.gone)}
      </Tag>
    </Link>
  );
}

export function SentCell({ message }: { message: MassMessage }) {
  const t = useText();
  const { finished_at, sent_count, status } = message;
  return (
    <>
      {finished_at === null ? <span className="soft">{t(texts.unknownTime)}</span> : <Ago at={finished_at} />}
      {sent_count !== null && <span className="cell-note soft">{t(texts.sentTo, { count: sent_count })}</span>}
      {status === 'imported' && <span className="cell-note soft">{t(texts.imported)}</span>}
      {!wasSent(message) && <span className="cell-note is-bad">{t(texts.notSent, { status })}</span>}
    </>
  );
}
