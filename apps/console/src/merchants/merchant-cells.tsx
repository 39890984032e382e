import { Link } from '@tanstack/react-router';
import { Progress, Tag } from 'tdesign-react';
import type { Merchant } from '@app/client';
import { ineligibleReasonWords, verifyTypeWords } from '@app/words';
import { useText } from '../language/language.js';
import { Moment } from '../ui/moment.js';
import { useNow } from '../ui/now.js';
import { nameOf, quotaUse, standingOf, tokenHealth, type TokenHealth } from './standing.js';
import { merchantTexts } from './texts.js';

export function MerchantName({ merchant }: { merchant: Merchant }) {
  const { appid, component_appid, ref } = merchant;
  const name = nameOf(merchant);
  const small = [ref !== name && ref, appid].filter(Boolean).join(' · ');
  return (
    <>
      <Link to="/merchants/$appid" params={{ appid }} search={{ component_appid }}>
        {name}
      </Link>
      <br />
      <span className="soft code">{small}</span>
    </>
  );
}

const THEMES = { eligible: 'success', unknown: 'warning', ineligible: 'danger' } as const;

export function StandingTag({ merchant }: { merchant: Merchant }) {
  const t = useText();
  const standing = standingOf(merchant);
  return (
    <Tag theme={THEMES[standing]} variant="light-outline">
      {t(merchantTexts[standing])}
    </Tag>
  );
}

export function StandingCell({ merchant }: { merchant: Merchant }) {
  const t = useText();
  const reasons = merchant.ineligible_reasons;
  return (
    <>
      <StandingTag merchant={merchant} />
      {reasons.length > 0 && (
        <span className="cell-note">{reasons.map((one) => t(ineligibleReasonWords[one])).join(' ')}</span>
      )}
    </>
  );
}

const STATUS = { fine: 'success', low: 'warning', spent: 'error' } as const;

export function QuotaBar({ merchant }: { merchant: Merchant }) {
  const t = useText();
  const { used, limit, percent, level } = quotaUse(merchant);
  const said = t(merchantTexts.usedOf, { used, limit });
  return (
    <div className="quota-bar">
      <span>
        {said}
        {level === 'spent' && <span className="is-bad"> · {t(merchantTexts.spent)}</span>}
      </span>
      <Progress percentage={percent} status={STATUS[level]} label={false} size="small" />
    </div>
  );
}

export function LaneCell({ merchant: { pending, eta } }: { merchant: Merchant }) {
  const t = useText();
  if (pending === 0) return <span className="soft">{t(merchantTexts.laneEmpty)}</span>;
  return (
    <>
      {t(merchantTexts.waiting, { count: pending })}
      {eta !== null && (
        <span className="cell-note">
          {t(merchantTexts.doneBy)} <Moment at={eta} />
        </span>
      )}
    </>
  );
}

const HEALTH = {
  valid: merchantTexts.tokenValid,
  idle: merchantTexts.tokenIdle,
  conflict: merchantTexts.tokenConflict,
  no_grant: merchantTexts.tokenNoGrant,
} as const satisfies Record<TokenHealth, unknown>;

export function TokenWords({ merchant }: { merchant: Merchant }) {
  const t = useText();
  const health = tokenHealth(merchant, useNow());
  const isBad = health === 'conflict' || health === 'no_grant';
  return <span className={isBad ? 'is-bad' : undefined}>{t(HEALTH[health])}</span>;
}

export function AccountCell({ merchant }: { merchant: Merchant }) {
  const t = useText();
  const { verify_type: type } = merchant;
  const words = type === null ? undefined : verifyTypeWords[type];
  return (
    <>
      {words ? t(words) : (type ?? t(merchantTexts.verificationUnknown))}
      <span className="cell-note">
        <TokenWords merchant={merchant} />
      </span>
    </>
  );
}
