import { Link } from '@tanstack/react-router';
import { useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { Empty } from '../ui/loaded.js';
import { LongBox } from './lines/long-box.js';
import { changeDraft, useDraft, type Selected } from './draft.js';
import { takeDownTexts } from './texts.js';

const ROW_PX = 56;

/** What was picked on the page of messages. */
export function PickedMessages({ picked }: { picked: readonly Selected[] }) {
  const t = useText();
  const more = (
    <Link to="/messages" className="t-button t-button--variant-outline t-button--theme-default">
      {t(takeDownTexts.pickMore)}
    </Link>
  );
  if (picked.length === 0)
    return (
      <Empty title={t(takeDownTexts.nonePicked)}>
        <p>{t(takeDownTexts.pickHint)}</p>
        <p>{more}</p>
      </Empty>
    );
  return (
    <>
      <div className="section-head">
        <b>{t(takeDownTexts.pickedCount, { count: picked.length })}</b>
        {more}
      </div>
      <LongBox
        count={picked.length}
        rowPx={ROW_PX}
        label={t(takeDownTexts.picked)}
        row={(index) => picked[index] && <PickedMessage one={picked[index]} />}
      />
    </>
  );
}

function PickedMessage({ one }: { one: Selected }) {
  const t = useText();
  const { picked } = useDraft();
  const title = one.title ?? t(takeDownTexts.unnamed);
  return (
    <div className="picked">
      <div>
        <b>{title}</b> <Part item={one.item} />
        <div className="soft">
          {one.account} <span className="code">{[one.item.merchant, one.item.msg_id].join(' · ')}</span>
        </div>
      </div>
      <Button
        size="small"
        variant="outline"
        aria-label={t(takeDownTexts.remove, { name: title })}
        onClick={() => changeDraft({ picked: picked.filter((other) => other !== one) })}
      >
        {t(takeDownTexts.removeShort)}
      </Button>
    </div>
  );
}

/** Which part of a message it is. */
export function Part({ item }: { item: { whole_message?: unknown; article_idx?: unknown; url?: unknown } }) {
  const t = useText();
  if (item.whole_message === true || item.article_idx === 0)
    return <span className="is-whole">{t(takeDownTexts.whole)}</span>;
  if (item.article_idx !== undefined) return <span>{t(takeDownTexts.article, { n: Number(item.article_idx) })}</span>;
  return <span>{t(takeDownTexts.link)}</span>;
}
