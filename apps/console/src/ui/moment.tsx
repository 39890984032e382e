import { useFormats, useText } from '../language/language.js';
import { uiTexts } from './texts.js';
import { useNow } from './now.js';

/** A time as it is read: when, and how long from now; in full where the pointer rests. */
export function Moment({ at }: { at: string }) {
  const formats = useFormats();
  const now = useNow();
  return (
    <time dateTime={at} title={formats.exactMoment(at)}>
      {formats.moment(at, now)} <span className="soft">({formats.relative(at, now)})</span>
    </time>
  );
}

/** For a time that is only looked at in passing. */
export function Ago({ at }: { at: string }) {
  const formats = useFormats();
  const now = useNow();
  return (
    <time dateTime={at} title={formats.exactMoment(at)}>
      {formats.relative(at, now)}
    </time>
  );
}

/** A time that belongs to a day of quota: with that of Shanghai beside it. */
export function QuotaMoment({ at }: { at: string }) {
  const t = useText();
  const formats = useFormats();
  const now = useNow();
  const time = formats.shanghai(at, now);
  // Most viewers live by that clock.
  const isSaid = time === formats.moment(at, now);
  return (
    <>
      <Moment at={at} /> {!isSaid && <span className="soft">{t(uiTexts.inShanghai, { time })}</span>}
    </>
  );
}
