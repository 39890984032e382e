import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { Merchant } from '@app/client';
import { queries } from '../api/queries.js';
import { retract } from '../api/retract.js';
import { useMay } from '../api/session.js';
import { useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { Fault } from '../ui/fault.js';
import { FormDialog } from '../ui/form-dialog.js';
import { Moment, QuotaMoment } from '../ui/moment.js';
import { Facts, NeedsRole, Section } from '../ui/page.js';
import { QuotaBar } from './merchant-cells.js';
import { nameOf, quotaUse } from './standing.js';
import { merchantTexts } from './texts.js';

/** How much of today is left, what waits, and what can be done about it. */
export function TodaySection({ merchant }: { merchant: Merchant }) {
  const t = useText();
  const { limits, quota, pending, eta, appid, component_appid } = merchant;
  const mayRead = useMay('operator');
  const mayClear = useMay('admin');
  const isSlowed = limits.current_rate_per_minute < limits.rate_per_minute;
  const readQuota = useMutation({
    mutationFn: () => retract.merchants.readQuota(appid, { component_appid }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['merchants'] }),
  });
  return (
    <Section
      title={t(merchantTexts.today)}
      actions={
        <div className="page-actions">
          {mayRead && (
            <Button
              size="small"
              variant="outline"
              loading={readQuota.isPending}
              disabled={merchant.state !== 'authorized'}
              onClick={() => readQuota.mutate()}
            >
              {t(merchantTexts.readQuota)}
            </Button>
          )}
          {mayClear && <ClearQuota merchant={merchant} />}
        </div>
      }
    >
      {!mayRead && <NeedsRole role="operator" what={t(merchantTexts.readingIt)} />}
      {!mayClear && <NeedsRole role="admin" what={t(merchantTexts.clearingIt)} />}
      {readQuota.isError && <Fault error={readQuota.error} />}
      <QuotaBar merchant={merchant} />
      <Facts
        facts={[
          [t(merchantTexts.quotaToday), t(merchantTexts.leftNow, { left: quotaUse(merchant).left })],
          [t(merchantTexts.reserved), String(quota.reserved_for_urgent)],
          [t(merchantTexts.resetsAt), <QuotaMoment key="resets" at={quota.resets_at} />],
          [
            t(merchantTexts.wechatSays),
            limits.learned_daily_limit === null ? (
              t(merchantTexts.notAsked)
            ) : (
              <>
                {limits.learned_daily_limit} {limits.learned_at && <Moment at={limits.learned_at} />}
              </>
            ),
          ],
          [t(merchantTexts.clearsLeft), `${quota.clears_left} / 10`],
          [
            t(merchantTexts.rate),
            <>
              {t(merchantTexts.perMinute, { rate: limits.rate_per_minute })}
              {isSlowed && t(merchantTexts.slowed, { rate: limits.current_rate_per_minute })}
            </>,
          ],
          [t(merchantTexts.pending), String(pending)],
          [t(merchantTexts.eta), eta === null ? null : <QuotaMoment key="eta" at={eta} />],
        ]}
      />
    </Section>
  );
}

/** One of ten a month: it is said before it is spent. */
function ClearQuota({ merchant }: { merchant: Merchant }) {
  const t = useText();
  const [isAsked, ask] = useState(false);
  const { appid, component_appid, quota } = merchant;
  const clear = useMutation({
    mutationFn: () => retract.merchants.clearQuota(appid, { component_appid }),
    onSuccess: () => ask(false),
    onSettled: () => queries.invalidateQueries({ queryKey: ['merchants'] }),
  });
  if (quota.clears_left === 0) return <span className="soft">{t(merchantTexts.noClears)}</span>;
  return (
    <>
      <Button
        size="small"
        variant="outline"
        theme="danger"
        disabled={merchant.state !== 'authorized'}
        onClick={() => {
          clear.reset();
          ask(true);
        }}
      >
        {t(merchantTexts.clearQuota)}
      </Button>
      <span role="status" className="soft">
        {clear.isSuccess && t(merchantTexts.cleared)}
      </span>
      {isAsked && (
        <FormDialog
          title={t(merchantTexts.clearTitle, { name: nameOf(merchant) })}
          action={t(merchantTexts.clearNow)}
          isDanger
          isBusy={clear.isPending}
          error={clear.error}
          onSubmit={() => clear.mutate()}
          onClose={() => ask(false)}
        >
          <p>{t(merchantTexts.clearWarning, { left: quota.clears_left })}</p>
        </FormDialog>
      )}
    </>
  );
}
