import { Tag } from 'tdesign-react';
import { eventTypeWords, type Words } from '@app/words';
import { useText } from '../language/language.js';
import {
  EVERYTHING,
  isChosen,
  isWhole,
  toggleSubject,
  toggleType,
  typesBySubject,
  type Pattern,
} from './event-choice.js';
import { webhookTexts } from './texts.js';

const subjectWords: Readonly<Record<string, Words>> = webhookTexts;

/** An event or pattern in words. */
export function useEventWords(): (pattern: Pattern) => string {
  const t = useText();
  return (pattern) => {
    if (pattern === EVERYTHING) return t(webhookTexts.all);
    if (pattern === 'webhook.test') return t(webhookTexts.test);
    const words = (eventTypeWords as Readonly<Record<string, Words>>)[pattern];
    if (words) return t(words);
    const subject = subjectWords[pattern.replace('.*', '')];
    return subject ? t(webhookTexts.allOf, { subject: t(subject) }) : pattern;
  };
}

export function EventTypes({ patterns }: { patterns: readonly Pattern[] }) {
  const wordsOf = useEventWords();
  return (
    <ul className="tags">
      {patterns.map((pattern) => (
        <li key={pattern} title={pattern}>
          <Tag variant="light-outline">{wordsOf(pattern)}</Tag>
        </li>
      ))}
    </ul>
  );
}

/** Everything, whole subjects, or single types. */
export function EventTypesField({
  patterns,
  onChange,
}: {
  patterns: readonly Pattern[];
  onChange: (patterns: Pattern[]) => void;
}) {
  const t = useText();
  const wordsOf = useEventWords();
  const isAll = patterns.includes(EVERYTHING);
  return (
    <fieldset className="choices">
      <legend className="field-name">{t(webhookTexts.events)}</legend>
      <label>
        <input type="checkbox" checked={isAll} onChange={() => onChange(isAll ? [] : [EVERYTHING])} />{' '}
        <b>{t(webhookTexts.all)}</b>
      </label>
      {!isAll &&
        [...typesBySubject].map(([subject, types]) => (
          <div key={subject} className="event-subject">
            <label>
              <input
                type="checkbox"
                checked={isWhole(patterns, subject)}
                onChange={() => onChange(toggleSubject(patterns, subject))}
              />{' '}
              {wordsOf(`${subject}.*`)}
            </label>
            {!isWhole(patterns, subject) &&
              types.map((type) => (
                <label key={type} className="event-type">
                  <input
                    type="checkbox"
                    checked={isChosen(patterns, type)}
                    onChange={() => onChange(toggleType(patterns, type))}
                  />{' '}
                  {wordsOf(type)}
                </label>
              ))}
          </div>
        ))}
    </fieldset>
  );
}
