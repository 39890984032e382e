import { Input } from 'tdesign-react';
import { useId, type ReactNode } from 'react';

interface FieldOf {
  label: string;
  /** What is expected, for those who wonder. */
  hint?: ReactNode;
  /** What is wrong with what was entered. */
  error?: string | undefined;
}

/** A control under its name, with what it expects and what is wrong with what was entered. */
export function Field({ label, hint, error, children }: FieldOf & { children: ReactNode }) {
  return (
    <div className="field">
      <label>
        <span className="field-name">{label}</span>
        {children}
      </label>
      {hint && <p className="soft">{hint}</p>}
      <p role="alert" className="field-error">
        {error}
      </p>
    </div>
  );
}

export function TextField({
  value,
  onChange,
  isSecret = false,
  placeholder = '',
  ...field
}: FieldOf & { value: string; onChange: (value: string) => void; isSecret?: boolean; placeholder?: string }) {
  return (
    <Field {...field}>
      <Input
        value={value}
        onChange={onChange}
        type={isSecret ? 'password' : 'text'}
        autocomplete={isSecret ? 'new-password' : 'off'}
        placeholder={placeholder}
        status={field.error ? 'error' : 'default'}
      />
    </Field>
  );
}

/** For a text of several lines. */
export function LinesField({
  value,
  onChange,
  placeholder,
  ...field
}: FieldOf & { value: string; onChange: (value: string) => void; placeholder?: string }) {
  return (
    <Field {...field}>
      <textarea
        className="lines"
        rows={3}
        spellCheck={false}
        value={value}
        placeholder={placeholder}
        onChange={(event) => onChange(event.target.value)}
      />
    </Field>
  );
}

/** One of a few, each with its words. */
export function Choices<Value extends string>({
  label,
  value,
  onChange,
  choices,
}: {
  label: string;
  value: Value;
  onChange: (value: Value) => void;
  choices: readonly (readonly [value: Value, words: string])[];
}) {
  const name = useId();
  return (
    <fieldset className="choices">
      <legend className="field-name">{label}</legend>
      {choices.map(([one, words]) => (
        <label key={one}>
          <input type="radio" name={name} checked={one === value} onChange={() => onChange(one)} /> {words}
        </label>
      ))}
    </fieldset>
  );
}

/** A moment in the viewer's zone, given and told as ISO 8601; empty where there is none. */
export function MomentInput({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string;
  onChange: (iso: string) => void;
}) {
  return (
    <label>
      {label}
      <input
        className="control"
        type="datetime-local"
        value={value === '' ? '' : localOf(value)}
        onChange={({ target }) => onChange(target.value === '' ? '' : new Date(target.value).toISOString())}
      />
    </label>
  );
}

/** As the input takes it: `2026-11-29T18:30`, without a zone. */
function localOf(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return '';
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
