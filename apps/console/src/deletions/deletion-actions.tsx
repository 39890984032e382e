import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { RetractError, type Deletion, type Merchant } from '@app/client';
import { ineligibleReasonWords } from '@app/words';
import { retract } from '../api/retract.js';
import { useMay } from '../api/session.js';
import { useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { ConfirmByNumber } from '../ui/fields/confirm.js';
import { Fault } from '../ui/fault.js';
import { FormDialog } from '../ui/form-dialog.js';
import { targetName } from './deletion-target.js';
import { deletionTexts as texts } from './texts.js';
import { askAnyway, wayOn } from './ways-on.js';

type Asking = 'cancel' | 'retry' | 'try_anyway';

/** What can be done with a deletion now, or why nothing can. */
export function DeletionActions({ deletion, merchant }: { deletion: Deletion; merchant: Merchant | undefined }) {
  const t = useText();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const mayAct = useMay('operator');
  const [asking, ask] = useState<Asking>();
  const { mutate, isPending, error, reset } = useMutation({
    mutationFn: async ({ act, isLateFine }: { act: Asking; isLateFine?: boolean }): Promise<Deletion> => {
      if (act === 'cancel') return retract.deletions.cancel(deletion.id);
      if (act === 'try_anyway') return retract.deletions.create(askAnyway(deletion));
      return retract.deletions.retry(deletion.id, isLateFine ? { allow_late: true } : {});
    },
    onSuccess: (answer, { act }) => {
      if (answer.id === deletion.id) return;
      const search = act === 'retry' ? { instead_of: deletion.id } : {};
      void navigate({ to: '/deletions/$id', params: { id: answer.id }, search });
    },
    onSettled: () => {
      ask(undefined);
      void queries.invalidateQueries({ queryKey: ['deletions'] });
    },
  });
  const way = wayOn(deletion, merchant);
  if (way === undefined) return error && <Fault error={error} />;
  if (way === 'not_yours') return <p className="soft">{t(texts.notYours)}</p>;
  const names = { target: targetName(deletion, t), merchant: merchant?.nick_name ?? deletion.merchant };
  const start = (act: Asking) => {
    reset();
    ask(act);
  };
  const act = asking && (() => mutate({ act: asking }));
  return (
    <>
      {error && <Fault error={error} />}
      {error instanceof RetractError && error.is('eta_too_late') && mayAct && (
        <p>
          {t(texts.late)}{' '}
          <Button variant="outline" loading={isPending} onClick={() => mutate({ act: 'retry', isLateFine: true })}>
            {t(texts.lateAction)}
          </Button>
        </p>
      )}
      {(way === 'not_eligible' || way === 'try_anyway') && merchant && (
        <>
          <p>{t(texts.notEligible, { merchant: names.merchant })}</p>
          <Reasons merchant={merchant} />
          <Link
            to="/merchants/$appid"
            params={{ appid: merchant.appid }}
            search={{ component_appid: merchant.component_appid }}
          >
            {t(texts.toMerchant)}
          </Link>
        </>
      )}
      {!mayAct && <p className="soft">{t(texts.needsOperator)}</p>}
      {mayAct && way !== 'not_eligible' && (
        <div className="actions">
          <Button
            variant="outline"
            theme={way === 'cancel' ? 'default' : 'danger'}
            loading={isPending}
            onClick={() => start(way)}
          >
            {t({ cancel: texts.cancel, retry: texts.retry, try_anyway: texts.anyway }[way])}
          </Button>
        </div>
      )}
      {asking === 'cancel' && act && (
        <FormDialog
          title={t(texts.cancelAsk)}
          action={t(texts.cancel)}
          isBusy={isPending}
          onSubmit={act}
          onClose={() => ask(undefined)}
        >
          <p>{t(texts.cancelMeans, names)}</p>
        </FormDialog>
      )}
      {(asking === 'retry' || asking === 'try_anyway') && act && (
        <ConfirmByNumber
          title={t(asking === 'retry' ? texts.retryAsk : texts.anywayAsk)}
          count={1}
          action={t(asking === 'retry' ? texts.retryAction : texts.anyway)}
          isBusy={isPending}
          onConfirm={act}
          onClose={() => ask(undefined)}
        >
          <p>{t(asking === 'retry' ? texts.retryMeans : texts.anywayMeans, names)}</p>
          {asking === 'try_anyway' && merchant && <Reasons merchant={merchant} />}
          {asking === 'try_anyway' && <p>{t(texts.anywayNew)}</p>}
          {deletion.whole_message && <p className="is-bad">{t(texts.retryWhole)}</p>}
        </ConfirmByNumber>
      )}
    </>
  );
}

function Reasons({ merchant: { ineligible_reasons: reasons } }: { merchant: Merchant }) {
  const t = useText();
  return (
    <ul className="bullets">
      {reasons.map((reason) => (
        <li key={reason}>{t(ineligibleReasonWords[reason])}</li>
      ))}
    </ul>
  );
}
