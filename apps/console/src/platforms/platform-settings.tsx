import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { Platform } from '@app/client';
import { queries } from '../api/queries.js';
import { retract } from '../api/retract.js';
import { useMay } from '../api/session.js';
import { useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { LinesField } from '../ui/field.js';
import { Fault } from '../ui/fault.js';
import { FormDialog } from '../ui/form-dialog.js';
import { NeedsRole, Section } from '../ui/page.js';
import { useMayChange, useUpdate } from './changes.js';
import { EMPTY_FORM, faultsOf, secretsOf, linesOf, type PlatformForm } from './platform-form.js';
import { SecretFields } from './register-dialog.js';
import { platformTexts } from './texts.js';

/** Takes over what WeChat lists. */
export function Sync({ appid }: { appid: string }) {
  const t = useText();
  const maySync = useMay('admin');
  const { mutate, isPending, data, error } = useMutation({
    mutationFn: () => retract.platforms.sync(appid),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ['platforms'] });
      void queries.invalidateQueries({ queryKey: ['merchants'] });
    },
  });
  return (
    <Section
      title={t(platformTexts.sync)}
      actions={
        maySync && (
          <Button variant="outline" loading={isPending} onClick={() => mutate()}>
            {t(platformTexts.sync)}
          </Button>
        )
      }
    >
      <p className="soft">{t(platformTexts.syncLead)}</p>
      {!maySync && <NeedsRole role="admin" />}
      {error && <Fault error={error} />}
      <p role="status">{data && t(platformTexts.synced, { ...data, absent: data.absent_count })}</p>
      {data && data.absent.length > 0 && <p className="code">{data.absent.join(' ')}</p>}
    </Section>
  );
}

export function Forwards({ platform }: { platform: Platform }) {
  const t = useText();
  const mayChange = useMayChange();
  const [lines, setLines] = useState<string>();
  const close = () => setLines(undefined);
  const { mutate, isPending, error, reset } = useUpdate(platform.component_appid, close);
  const urls = platform.forward_urls;
  // They are not for keys that are limited to merchants.
  if (urls === undefined) return null;
  const isWrong = lines !== undefined && faultsOf({ ...EMPTY_FORM, forwardUrls: lines }).has('forwardUrls');
  return (
    <Section
      title={t(platformTexts.forwards)}
      actions={
        mayChange && (
          <Button
            variant="outline"
            onClick={() => {
              reset();
              setLines(urls.join('\n'));
            }}
          >
            {t(platformTexts.change)}
          </Button>
        )
      }
    >
      <p className="soft">{t(platformTexts.forwardsLead)}</p>
      {urls.length === 0 ? (
        <p>{t(platformTexts.noForwards)}</p>
      ) : (
        <ul>
          {urls.map((url) => (
            <li key={url}>
              <code>{url}</code>
            </li>
          ))}
        </ul>
      )}
      {!mayChange && <p className="soft">{t(platformTexts.onlyUnlimited)}</p>}
      {lines !== undefined && (
        <FormDialog
          title={t(platformTexts.forwards)}
          action={t(platformTexts.save)}
          isBusy={isPending}
          isReady={!isWrong}
          error={error}
          onSubmit={() => mutate({ forward_urls: linesOf(lines) })}
          onClose={close}
        >
          <LinesField
            label={t(platformTexts.forwards)}
            hint={t(platformTexts.onePerLine)}
            value={lines}
            onChange={setLines}
            placeholder="https://crm.example.com/wechat/$APPID$"
            error={isWrong ? t(platformTexts.wrongUrls) : undefined}
          />
        </FormDialog>
      )}
    </Section>
  );
}

export function Secrets({ appid }: { appid: string }) {
  const t = useText();
  const mayChange = useMayChange();
  const [form, setForm] = useState<PlatformForm>();
  const close = () => setForm(undefined);
  const { mutate, isPending, isSuccess, error, reset } = useUpdate(appid, close);
  const body = form && secretsOf(form);
  const isReady = form !== undefined && faultsOf(form).size === 0 && Object.keys(body ?? {}).length > 0;
  return (
    <Section
      title={t(platformTexts.secrets)}
      actions={
        mayChange && (
          <Button
            variant="outline"
            onClick={() => {
              reset();
              setForm(EMPTY_FORM);
            }}
          >
            {t(platformTexts.replaceSecrets)}
          </Button>
        )
      }
    >
      <p className="soft">{t(platformTexts.secretsLead)}</p>
      {!mayChange && <p className="soft">{t(platformTexts.onlyUnlimited)}</p>}
      <p role="status">{isSuccess && t(platformTexts.saved)}</p>
      {form && body && (
        <FormDialog
          title={t(platformTexts.replaceSecrets)}
          action={t(platformTexts.replace)}
          isBusy={isPending}
          isReady={isReady}
          error={error}
          onSubmit={() => mutate(body)}
          onClose={close}
        >
          <p className="soft">{t(platformTexts.replaceLead)}</p>
          <SecretFields form={form} onChange={(changes) => setForm({ ...form, ...changes })} />
        </FormDialog>
      )}
    </Section>
  );
}

export function Delete({ appid }: { appid: string }) {
  const t = useText();
  const navigate = useNavigate();
  const mayChange = useMayChange();
  const [isAsked, setAsked] = useState(false);
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => retract.platforms.delete(appid),
    onSuccess: async () => {
      await navigate({ to: '/settings/platforms' });
      void queries.invalidateQueries({ queryKey: ['platforms'] });
    },
  });
  return (
    <Section
      title={t(platformTexts.delete)}
      actions={
        mayChange && (
          <Button variant="outline" theme="danger" onClick={() => setAsked(true)}>
            {t(platformTexts.delete)}
          </Button>
        )
      }
    >
      <p className="soft">{t(platformTexts.deleteLead)}</p>
      {!mayChange && <p className="soft">{t(platformTexts.onlyUnlimited)}</p>}
      {isAsked && (
        <FormDialog
          title={t(platformTexts.delete)}
          action={t(platformTexts.delete)}
          isDanger
          isBusy={isPending}
          error={error}
          onSubmit={() => mutate()}
          onClose={() => setAsked(false)}
        >
          <p>{t(platformTexts.deleteSure, { appid })}</p>
        </FormDialog>
      )}
    </Section>
  );
}
