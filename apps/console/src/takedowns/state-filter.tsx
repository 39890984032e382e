import type { Words } from '@app/words';
import { useFormats, useText } from '../language/language.js';
import { takedownTexts } from './texts.js';

/** The states of a list to choose from, with how many are in each where that is known. */
export function StateFilter<State extends string>({
  words,
  counts,
  value,
  onChange,
}: {
  words: Readonly<Record<State, Words>>;
  counts?: Readonly<Record<State, number>> | null;
  value: string | undefined;
  onChange: (state: State | undefined) => void;
}) {
  const t = useText();
  const formats = useFormats();
  const states = (Object.keys(words) as State[]).filter((state) => !counts || counts[state] > 0 || state === value);
  return (
    <div role="group" aria-label={t(takedownTexts.state)} className="state-filter">
      <button type="button" aria-pressed={value === undefined} onClick={() => onChange(undefined)}>
        {t(takedownTexts.all)}
      </button>
      {states.map((state) => (
        <button key={state} type="button" aria-pressed={value === state} onClick={() => onChange(state)}>
          {t(words[state] as Words)} {counts && formats.number(counts[state])}
        </button>
      ))}
    </div>
  );
}
