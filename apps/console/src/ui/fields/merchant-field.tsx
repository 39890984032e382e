import { useQuery } from '@tanstack/react-query';
import { useEffect, useId, useState } from 'react';
import { chosenMerchant } from '../../api/chosen-merchant.js';
import { retract } from '../../api/retract.js';

const TYPED_FOR_MS = 300;
const PROPOSED = 20;

/** A merchant to filter by: its appid, or words by which it is found. */
export function MerchantField({
  label,
  hint,
  value,
  onChange,
}: {
  label: string;
  hint: string;
  value: string | undefined;
  onChange: (appid: string | undefined) => void;
}) {
  const listId = useId();
  const [typed, setTyped] = useState(value ?? '');
  const [seen, setSeen] = useState(value);
  if (seen !== value) {
    setSeen(value);
    setTyped(value ?? '');
  }
  const words = useSettled(typed.trim());
  const { data } = useQuery({
    queryKey: ['merchants', 'proposed', words],
    queryFn: async ({ signal }) => (await retract.merchants.list({ q: words, limit: PROPOSED }, { signal })).data,
    enabled: words !== '' && words !== value,
  });
  const proposed = data ?? [];
  const take = (text: string) => {
    setTyped(text);
    if (text.trim() === '') onChange(undefined);
    else if (proposed.some(({ appid }) => appid === text)) onChange(text);
  };
  const settle = () => {
    if (typed.trim() === (value ?? '')) return;
    const appid = chosenMerchant(typed, words, proposed);
    if (appid !== undefined) onChange(appid);
  };
  return (
    <label>
      {label}
      <input
        className="choice"
        list={listId}
        value={typed}
        placeholder={hint}
        onChange={({ target }) => take(target.value)}
        onKeyDown={({ key }) => key === 'Enter' && settle()}
        onBlur={settle}
      />
      <datalist id={listId}>
        {proposed.map(({ appid, component_appid, nick_name, ref }) => (
          <option key={`${component_appid} ${appid}`} value={appid}>
            {[nick_name, ref].filter(Boolean).join(' · ')}
          </option>
        ))}
      </datalist>
    </label>
  );
}

/** What was typed, once the typing pauses. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), TYPED_FOR_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
