import { useMutation } from '@tanstack/react-query';
import type { Merchant } from '@app/client';
import { accountStatusWords, serviceTypeWords, verifyTypeWords, type Words } from '@app/words';
import { queries } from '../api/queries.js';
import { retract } from '../api/retract.js';
import { useMay } from '../api/session.js';
import { useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { Copyable } from '../ui/copy.js';
import { Fault } from '../ui/fault.js';
import { Moment } from '../ui/moment.js';
import { Facts, NeedsRole, Section } from '../ui/page.js';
import { TokenWords } from './merchant-cells.js';
import { tokenHealth } from './standing.js';
import { useNow } from '../ui/now.js';
import { merchantTexts } from './texts.js';

/** What WeChat says of the account, and since when that is known. */
export function MerchantFactsSection({ merchant }: { merchant: Merchant }) {
  const t = useText();
  const { appid, component_appid, facts_read_at, is_mini_program, token_expires_at } = merchant;
  const mayAsk = useMay('operator');
  const isValid = tokenHealth(merchant, useNow()) === 'valid';
  const ask = useMutation({
    mutationFn: () => retract.merchants.refresh(appid, { component_appid }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['merchants'] }),
  });
  const inWords = (words: Readonly<Record<number, Words>>, code: number | null) =>
    code === null ? null : (
      <>
        {words[code] && t(words[code])} <span className="soft code">{code}</span>
      </>
    );
  return (
    <Section
      title={t(merchantTexts.facts)}
      actions={
        mayAsk && (
          <div className="page-actions">
            <Button
              size="small"
              variant="outline"
              loading={ask.isPending}
              disabled={merchant.state !== 'authorized'}
              onClick={() => ask.mutate()}
            >
              {t(merchantTexts.askFacts)}
            </Button>
          </div>
        )
      }
    >
      {!mayAsk && <NeedsRole role="operator" what={t(merchantTexts.askingIt)} />}
      {ask.isError && <Fault error={ask.error} />}
      <Facts
        facts={[
          [t(merchantTexts.appid), <Copyable key="appid" text={appid} />],
          [t(merchantTexts.platform), <span className="code">{component_appid}</span>],
          [t(merchantTexts.ref), merchant.ref],
          [t(merchantTexts.principal), merchant.principal_name],
          [
            t(merchantTexts.kind),
            is_mini_program ? t(merchantTexts.miniProgram) : inWords(serviceTypeWords, merchant.service_type),
          ],
          [t(merchantTexts.verification), inWords(verifyTypeWords, merchant.verify_type)],
          [t(merchantTexts.accountStatus), inWords(accountStatusWords, merchant.account_status)],
          [
            t(merchantTexts.token),
            <>
              <TokenWords merchant={merchant} />{' '}
              {isValid && token_expires_at && (
                <>
                  {t(merchantTexts.until)} <Moment at={token_expires_at} />
                </>
              )}
            </>,
          ],
          [t(merchantTexts.factsRead), facts_read_at === null ? t(merchantTexts.never) : <Moment at={facts_read_at} />],
          [t(merchantTexts.since), <Moment key="since" at={merchant.created_at} />],
        ]}
      />
    </Section>
  );
}
