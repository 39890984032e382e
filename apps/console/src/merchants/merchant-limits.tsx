import { useMutation } from '@tanstack/react-query';
import { Input } from 'tdesign-react';
import { useState } from 'react';
import type { Merchant, UpdateMerchant } from '@app/client';
import { queries } from '../api/queries.js';
import { retract } from '../api/retract.js';
import { useMay } from '../api/session.js';
import { useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { Fault } from '../ui/fault.js';
import { NeedsRole, Section } from '../ui/page.js';
import { changesOf, formOf, RANGES, wrongFields, type LimitsField, type LimitsForm } from './limits-form.js';
import { merchantTexts } from './texts.js';

/** The provider's own name for the merchant, and how fast and how often it may be served. */
export function LimitsSection({ merchant }: { merchant: Merchant }) {
  const t = useText();
  const mayChange = useMay('operator');
  const { appid, component_appid } = merchant;
  const stored = formOf(merchant);
  const [typed, setTyped] = useState<Partial<LimitsForm>>({});
  const form = { ...stored, ...typed };
  const changes = changesOf(stored, form);
  const wrong = wrongFields(form);
  const save = useMutation({
    mutationFn: (body: UpdateMerchant) => retract.merchants.update(appid, body, { component_appid }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['merchants'] });
      setTyped({});
    },
  });
  const isUnchanged = Object.keys(changes).length === 0;
  const field = (name: LimitsField, label: string) => {
    const isWrong = wrong.includes(name);
    return (
      <label>
        {label}
        <Input
          value={form[name]}
          readonly={!mayChange}
          status={isWrong ? 'error' : 'default'}
          onChange={(text) => {
            save.reset();
            setTyped({ ...typed, [name]: text });
          }}
        />
        {name !== 'ref' && isWrong && <span className="is-bad">{t(merchantTexts.wrongNumber, RANGES[name])}</span>}
      </label>
    );
  };
  return (
    <Section title={t(merchantTexts.limits)}>
      <p className="soft">{t(merchantTexts.limitsHow)}</p>
      <form
        className="fields"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isUnchanged && wrong.length === 0) save.mutate(changes);
        }}
      >
        {field('ref', t(merchantTexts.ref))}
        {field('ratePerMinute', t(merchantTexts.ratePerMinute))}
        {field('dailyLimit', t(merchantTexts.dailyLimit))}
        {mayChange ? (
          <Button type="submit" loading={save.isPending} disabled={isUnchanged || wrong.length > 0}>
            {t(merchantTexts.save)}
          </Button>
        ) : (
          <NeedsRole role="operator" />
        )}
      </form>
      <span role="status">{save.isSuccess && t(merchantTexts.saved)}</span>
      {save.isError && <Fault error={save.error} />}
    </Section>
  );
}
