import { useState } from 'react';
import type { Platform } from '@app/client';
import { addressOf } from '../api/retract.js';
import { useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { Field, LinesField, TextField } from '../ui/field.js';
import { FormDialog } from '../ui/form-dialog.js';
import { Facts, Section } from '../ui/page.js';
import { useMayChange, useUpdate } from './changes.js';
import {
  LARGEST_LOGO,
  providerChangesOf,
  providerFaultsOf,
  providerFormOf,
  type ProviderForm,
} from './provider-form.js';
import { platformTexts } from './texts.js';

/** What stands on the authorization pages, and where they lead back to. */
export function Provider({ platform }: { platform: Platform }) {
  const t = useText();
  const mayChange = useMayChange();
  const [form, setForm] = useState<ProviderForm>();
  const close = () => setForm(undefined);
  const { mutate, isPending, error, reset } = useUpdate(platform.component_appid, close);
  const { component_appid: appid, provider_name, provider_logo_url, return_url, return_urls, updated_at } = platform;
  return (
    <Section
      title={t(platformTexts.provider)}
      actions={
        mayChange && (
          <Button
            variant="outline"
            onClick={() => {
              reset();
              setForm(providerFormOf(platform));
            }}
          >
            {t(platformTexts.change)}
          </Button>
        )
      }
    >
      <p className="soft">{t(platformTexts.providerLead)}</p>
      <Facts
        facts={[
          [t(platformTexts.providerName), provider_name],
          [
            t(platformTexts.logo),
            provider_logo_url && (
              <img
                key={updated_at}
                className="logo"
                src={addressOf(`/authorize/${appid}/logo`)}
                alt={t(platformTexts.logo)}
              />
            ),
          ],
          [t(platformTexts.returnUrl), return_url && <code>{return_url}</code>],
          [
            t(platformTexts.returnUrls),
            return_urls.length === 0
              ? null
              : return_urls.map((url) => (
                  <code key={url} className="line">
                    {url}
                  </code>
                )),
          ],
        ]}
      />
      {!mayChange && <p className="soft">{t(platformTexts.onlyUnlimited)}</p>}
      {form && (
        <ProviderDialog
          form={form}
          hasLogo={provider_logo_url !== null}
          isBusy={isPending}
          error={error}
          onChange={setForm}
          onSubmit={() => mutate(providerChangesOf(form))}
          onClose={close}
        />
      )}
    </Section>
  );
}

function ProviderDialog({
  form,
  hasLogo,
  isBusy,
  error,
  onChange,
  onSubmit,
  onClose,
}: {
  form: ProviderForm;
  hasLogo: boolean;
  isBusy: boolean;
  error: unknown;
  onChange: (form: ProviderForm) => void;
  onSubmit: () => void;
  onClose: () => void;
}) {
  const t = useText();
  const [isTooLarge, setTooLarge] = useState(false);
  const faults = providerFaultsOf(form);
  const take = async (file: File | undefined) => {
    if (!file) return;
    setTooLarge(file.size > LARGEST_LOGO);
    if (file.size <= LARGEST_LOGO) onChange({ ...form, logo: await base64Of(file) });
  };
  return (
    <FormDialog
      title={t(platformTexts.provider)}
      action={t(platformTexts.save)}
      isBusy={isBusy}
      isReady={faults.size === 0}
      error={error}
      onSubmit={onSubmit}
      onClose={onClose}
    >
      <TextField
        label={t(platformTexts.providerName)}
        hint={t(platformTexts.providerNameHint)}
        value={form.name}
        onChange={(name) => onChange({ ...form, name })}
      />
      <Field
        label={t(platformTexts.logo)}
        hint={t(platformTexts.logoHint)}
        error={isTooLarge ? t(platformTexts.logoTooLarge) : undefined}
      >
        <input
          type="file"
          accept="image/png,image/jpeg,image/webp"
          onChange={({ target }) => void take(target.files?.[0])}
        />
      </Field>
      {hasLogo && (
        <label>
          <input
            type="checkbox"
            checked={form.logo === null}
            onChange={({ target }) => onChange({ ...form, logo: target.checked ? null : undefined })}
          />{' '}
          {t(platformTexts.noLogo)}
        </label>
      )}
      <TextField
        label={t(platformTexts.returnUrl)}
        hint={t(platformTexts.returnUrlHint)}
        value={form.returnUrl}
        onChange={(returnUrl) => onChange({ ...form, returnUrl })}
        placeholder="https://crm.example.com/wechat/done"
        error={faults.has('returnUrl') ? t(platformTexts.wrongReturnUrl) : undefined}
      />
      <LinesField
        label={t(platformTexts.returnUrls)}
        hint={t(platformTexts.returnUrlsHint)}
        value={form.returnUrls}
        onChange={(returnUrls) => onChange({ ...form, returnUrls })}
        error={faults.has('returnUrls') ? t(platformTexts.wrongReturnUrls) : undefined}
      />
    </FormDialog>
  );
}

async function base64Of(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}
