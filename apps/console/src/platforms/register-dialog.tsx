import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { RegisterPlatform } from '@app/client';
import { queries } from '../api/queries.js';
import { retract } from '../api/retract.js';
import { useText } from '../language/language.js';
import { LinesField, TextField } from '../ui/field.js';
import { FormDialog } from '../ui/form-dialog.js';
import { EMPTY_FORM, faultsOf, registrationOf, type PlatformForm } from './platform-form.js';
import { platformTexts } from './texts.js';

export function RegisterDialog({ onClose }: { onClose: () => void }) {
  const t = useText();
  const navigate = useNavigate();
  const [form, setForm] = useState<PlatformForm>(EMPTY_FORM);
  const { mutate, isPending, error } = useMutation({
    mutationFn: (body: RegisterPlatform) => retract.platforms.register(body),
    onSuccess: ({ component_appid: appid }) => {
      void queries.invalidateQueries({ queryKey: ['platforms'] });
      void navigate({ to: '/settings/platforms/$appid', params: { appid } });
    },
  });
  const body = registrationOf(form);
  const faults = faultsOf(form);
  const change = (changes: Partial<PlatformForm>) => setForm((before) => ({ ...before, ...changes }));
  return (
    <FormDialog
      title={t(platformTexts.register)}
      action={t(platformTexts.registerAction)}
      isBusy={isPending}
      isReady={body !== undefined}
      error={error}
      onSubmit={() => body && mutate(body)}
      onClose={onClose}
    >
      <p className="soft">{t(platformTexts.registerLead)}</p>
      <TextField
        label={t(platformTexts.appid)}
        value={form.appid}
        onChange={(appid) => change({ appid })}
        placeholder="wx…"
        error={faults.has('appid') ? t(platformTexts.wrongAppid) : undefined}
      />
      <SecretFields form={form} onChange={change} />
      <LinesField
        label={t(platformTexts.forwardUrls)}
        hint={t(platformTexts.onePerLine)}
        value={form.forwardUrls}
        onChange={(forwardUrls) => change({ forwardUrls })}
        error={faults.has('forwardUrls') ? t(platformTexts.wrongUrls) : undefined}
      />
    </FormDialog>
  );
}

/** They are written, and never shown. */
export function SecretFields({
  form,
  onChange,
}: {
  form: PlatformForm;
  onChange: (changes: Partial<PlatformForm>) => void;
}) {
  const t = useText();
  return (
    <>
      <TextField
        isSecret
        label={t(platformTexts.appSecret)}
        value={form.appSecret}
        onChange={(appSecret) => onChange({ appSecret })}
      />
      <TextField isSecret label={t(platformTexts.token)} value={form.token} onChange={(token) => onChange({ token })} />
      <TextField
        isSecret
        label={t(platformTexts.encodingAesKey)}
        value={form.encodingAesKey}
        onChange={(encodingAesKey) => onChange({ encodingAesKey })}
        error={faultsOf(form).has('encodingAesKey') ? t(platformTexts.wrongKey) : undefined}
      />
    </>
  );
}
