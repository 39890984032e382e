import { Tag } from 'tdesign-react';
import type { Merchant } from '@app/client';
import { permissionSetName } from '@app/words';
import { useText } from '../language/language.js';
import { Copyable, Qr } from '../ui/copy.js';
import { Moment } from '../ui/moment.js';
import { Section } from '../ui/page.js';
import { MerchantState } from '../ui/states.js';
import { MerchantEvents } from './merchant-latest.js';
import { MASS_AND_NOTIFICATION, setsInOrder } from './standing.js';
import { merchantTexts } from './texts.js';

/** What was granted, in words, and what became of the grant over time. */
export function GrantSection({ merchant }: { merchant: Merchant }) {
  const t = useText();
  const { state, granted_at, permission_sets: sets } = merchant;
  const set7 = t(permissionSetName(MASS_AND_NOTIFICATION));
  const isMissing = merchant.ineligible_reasons.includes('permission_set_7_not_granted');
  return (
    <Section title={t(merchantTexts.grant)}>
      <p>
        <MerchantState state={state} /> {granted_at && <Moment at={granted_at} />}
      </p>
      <h3>{t(merchantTexts.granted)}</h3>
      {sets.length === 0 && !isMissing && <p className="soft">{t(merchantTexts.setsUnknown)}</p>}
      <ul className="tags">
        {isMissing && (
          <li>
            <Tag theme="danger" variant="light-outline">
              {t(merchantTexts.lacksSet7, { name: set7 })} · {MASS_AND_NOTIFICATION}
            </Tag>
          </li>
        )}
        {setsInOrder(sets).map((id) => (
          <li key={id}>
            <Tag theme={id === MASS_AND_NOTIFICATION ? 'success' : 'default'} variant="light-outline">
              {t(permissionSetName(id))} · {id}
              {id === MASS_AND_NOTIFICATION && ` · ${t(merchantTexts.needed)}`}
            </Tag>
          </li>
        ))}
      </ul>
      <h3>{t(merchantTexts.history)}</h3>
      <MerchantEvents merchant={merchant} type="merchant.*" />
    </Section>
  );
}

export function ReauthorizeSection({ merchant }: { merchant: Merchant }) {
  const t = useText();
  return (
    <div id="reauthorize">
      <Section title={t(merchantTexts.reauthorize)}>
        <p>{t(merchantTexts.reauthorizeHow)}</p>
        <div className="with-qr">
          <Qr text={merchant.reauthorize_url} title={t(merchantTexts.qr)} />
          <Copyable text={merchant.reauthorize_url} />
        </div>
      </Section>
    </div>
  );
}
