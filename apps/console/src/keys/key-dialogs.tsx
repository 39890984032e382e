import { useMutation, useQuery } from '@tanstack/react-query';
import { Alert } from 'tdesign-react';
import { useState } from 'react';
import type { ApiKey, CreateApiKey, UpdateApiKey } from '@app/client';
import { roleWords } from '@app/words';
import { queries } from '../api/queries.js';
import { retract } from '../api/retract.js';
import { sessionQuery } from '../api/session.js';
import { useText } from '../language/language.js';
import { SecretOnce, useStayForSecret } from '../ui/copy.js';
import { Choices, LinesField, MomentInput, TextField } from '../ui/field.js';
import { FormDialog } from '../ui/form-dialog.js';
import { useNow } from '../ui/now.js';
import { EMPTY_FORM, faultsOf, requestOf, type KeyForm } from './key-form.js';
import { keyTexts } from './texts.js';

const ROLES = ['viewer', 'operator', 'admin', 'tokens'] as const;

const readAnew = () => void queries.invalidateQueries({ queryKey: ['api-keys'] });

export function CreateKey({ onClose }: { onClose: () => void }) {
  const t = useText();
  const now = useNow();
  const [form, setForm] = useState<KeyForm>(EMPTY_FORM);
  const { mutate, isPending, data, error } = useMutation({
    mutationFn: (body: CreateApiKey) => retract.apiKeys.create(body),
    onSuccess: readAnew,
    gcTime: 0,
  });
  useStayForSecret(isPending);
  const change = (changes: Partial<KeyForm>) => setForm((before) => ({ ...before, ...changes }));
  const faults = faultsOf(form, now);
  if (data)
    return (
      <SecretOnce title={t(keyTexts.created)} secret={data.key} onClose={onClose}>
        <p className="soft">{t(keyTexts.createdHint)}</p>
      </SecretOnce>
    );
  return (
    <FormDialog
      title={t(keyTexts.create)}
      action={t(keyTexts.createAction)}
      isBusy={isPending}
      isReady={form.name.trim() !== '' && faults.size === 0}
      error={error}
      onSubmit={() => mutate(requestOf(form))}
      onClose={onClose}
    >
      <TextField
        label={t(keyTexts.name)}
        hint={t(keyTexts.nameHint)}
        value={form.name}
        onChange={(name) => change({ name })}
      />
      <Choices
        label={t(keyTexts.role)}
        value={form.role}
        onChange={(role) => change({ role })}
        choices={ROLES.map((role) => [role, t(roleWords[role])])}
      />
      <LinesField
        label={t(keyTexts.limitPlatforms)}
        value={form.platforms}
        onChange={(platforms) => change({ platforms })}
        error={faults.has('platforms') ? t(keyTexts.wrongAppids) : undefined}
      />
      <LinesField
        label={t(keyTexts.limitMerchants)}
        hint={t(keyTexts.limitHint)}
        value={form.merchants}
        onChange={(merchants) => change({ merchants })}
        error={faults.has('merchants') ? t(keyTexts.wrongAppids) : undefined}
      />
      <Ends hint={t(keyTexts.endsHint)} form={form} isPast={faults.has('endsAt')} onChange={change} />
    </FormDialog>
  );
}

function Ends({
  hint,
  form: { endsAt },
  isPast,
  onChange,
}: {
  hint: string;
  form: Pick<KeyForm, 'endsAt'>;
  isPast: boolean;
  onChange: (changes: { endsAt: string }) => void;
}) {
  const t = useText();
  return (
    <div className="field">
      <MomentInput label={t(keyTexts.ends)} value={endsAt} onChange={(at) => onChange({ endsAt: at })} />
      <p className="soft">{hint}</p>
      <p role="alert" className="field-error">
        {isPast && t(keyTexts.past)}
      </p>
    </div>
  );
}

export function ChangeKey({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const t = useText();
  const now = useNow();
  const [name, setName] = useState(apiKey.name);
  const [endsAt, setEndsAt] = useState(apiKey.expires_at ?? '');
  const { mutate, isPending, error } = useMutation({
    mutationFn: (body: UpdateApiKey) => retract.apiKeys.update(apiKey.id, body),
    onSuccess: () => {
      readAnew();
      onClose();
    },
  });
  const isPast = faultsOf({ ...EMPTY_FORM, endsAt }, now).has('endsAt');
  return (
    <FormDialog
      title={t(keyTexts.changeNamed, { name: apiKey.name })}
      action={t(keyTexts.save)}
      isBusy={isPending}
      isReady={name.trim() !== '' && !isPast}
      error={error}
      onSubmit={() =>
        mutate({
          name: name.trim(),
          // The input rounds to the minute: an end that was not touched stays as it is.
          ...(endsAt !== (apiKey.expires_at ?? '') && { expires_at: endsAt === '' ? null : endsAt }),
        })
      }
      onClose={onClose}
    >
      <TextField label={t(keyTexts.name)} hint={t(keyTexts.nameHint)} value={name} onChange={setName} />
      <Ends
        hint={t(keyTexts.endsChangeHint)}
        form={{ endsAt }}
        isPast={isPast}
        onChange={(form) => setEndsAt(form.endsAt)}
      />
    </FormDialog>
  );
}

export function RevokeKey({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const t = useText();
  const session = useQuery(sessionQuery).data;
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => retract.apiKeys.revoke(apiKey.id),
    onSuccess: () => {
      readAnew();
      void queries.invalidateQueries({ queryKey: ['sessions'] });
      onClose();
    },
  });
  return (
    <FormDialog
      title={t(keyTexts.revokeNamed, { name: apiKey.name })}
      action={t(keyTexts.revoke)}
      isDanger
      isBusy={isPending}
      error={error}
      onSubmit={() => mutate()}
      onClose={onClose}
    >
      <p>{t(keyTexts.revokeSure, { name: apiKey.name })}</p>
      {session?.api_key.id === apiKey.id && <Alert theme="warning" message={t(keyTexts.revokeOwn)} />}
    </FormDialog>
  );
}
