import { Input } from 'tdesign-react';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useText } from '../language/language.js';
import { uiTexts } from './texts.js';

const TYPED_FOR_MS = 300;

/** What narrows a list down, and the way back to all of it. */
export function FilterBar({
  filters,
  change,
  children,
}: {
  filters: Partial<Record<string, string>>;
  change: (changes: Record<string, string | undefined>) => void;
  children: ReactNode;
}) {
  const t = useText();
  const set = Object.keys(filters);
  return (
    <div className="filters" role="search">
      {children}
      {set.length > 0 && (
        <button
          type="button"
          className="link"
          onClick={() => change(Object.fromEntries(set.map((name) => [name, undefined])))}
        >
          {t(uiTexts.clearFilters)}
        </button>
      )}
    </div>
  );
}

/** Words to search for; taken when the typing pauses. */
export function SearchField({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}) {
  const [typed, setTyped] = useState(value ?? '');
  // Another value than what was given away comes from outside: the filters were cleared, or the address changed.
  const [given, setGiven] = useState({ value, seen: value });
  if (given.seen !== value) {
    setGiven({ value, seen: value });
    if (given.value !== value) setTyped(value ?? '');
  }
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const give = (text: string) => {
    clearTimeout(timer.current);
    const wanted = text.trim() || undefined;
    setGiven((before) => ({ ...before, value: wanted }));
    onChange(wanted);
  };
  return (
    <label className="search-field">
      {label}
      <Input
        type="search"
        placeholder=""
        clearable
        value={typed}
        onChange={(text) => {
          setTyped(text);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => give(text), TYPED_FOR_MS);
        }}
        onEnter={give}
      />
    </label>
  );
}

export interface Choice {
  value: string;
  text: string;
}

/** One of several values, or all. */
export function ChoiceField({
  label,
  value,
  choices,
  onChange,
}: {
  label: string;
  value: string | undefined;
  choices: readonly Choice[];
  onChange: (value: string | undefined) => void;
}) {
  const t = useText();
  return (
    <label>
      {label}
      <select className="choice" value={value ?? ''} onChange={({ target }) => onChange(target.value || undefined)}>
        <option value="">{t(uiTexts.all)}</option>
        {choices.map(({ value, text }) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
