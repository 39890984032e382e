import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { CreateWebhookEndpoint, UpdateWebhookEndpoint, WebhookEndpoint } from '@app/client';
import { queries } from '../api/queries.js';
import { retract } from '../api/retract.js';
import { useText } from '../language/language.js';
import { SecretOnce, useStayForSecret } from '../ui/copy.js';
import { Choices, LinesField, TextField } from '../ui/field.js';
import { FormDialog } from '../ui/form-dialog.js';
import { changesOf, EMPTY_FORM, faultsOf, formOf, isComplete, requestOf, type EndpointForm } from './endpoint-form.js';
import { EventTypesField } from './event-types.js';
import { GuideLink } from './guide-link.js';
import { webhookTexts } from './texts.js';

export const readAnew = () => void queries.invalidateQueries({ queryKey: ['webhook-endpoints'] });

function NewSecret({ secret, onClose }: { secret: string; onClose: () => void }) {
  const t = useText();
  return (
    <SecretOnce title={t(webhookTexts.secret)} secret={secret} onClose={onClose}>
      <p className="soft">
        {t(webhookTexts.secretHint)} <GuideLink />
      </p>
    </SecretOnce>
  );
}

export function CreateEndpoint({ onClose }: { onClose: () => void }) {
  const t = useText();
  const [form, setForm] = useState<EndpointForm>(EMPTY_FORM);
  const { mutate, isPending, data, error } = useMutation({
    mutationFn: (body: CreateWebhookEndpoint) => retract.webhookEndpoints.create(body),
    onSuccess: readAnew,
    gcTime: 0,
  });
  useStayForSecret(isPending);
  if (data) return <NewSecret secret={data.secret} onClose={onClose} />;
  const faults = faultsOf(form);
  const change = (changes: Partial<EndpointForm>) => setForm((before) => ({ ...before, ...changes }));
  return (
    <FormDialog
      title={t(webhookTexts.create)}
      action={t(webhookTexts.add)}
      isBusy={isPending}
      isReady={isComplete(form)}
      error={error}
      onSubmit={() => mutate(requestOf(form))}
      onClose={onClose}
    >
      <EndpointFields form={form} onChange={change} />
      <LinesField
        label={t(webhookTexts.onlyPlatforms)}
        value={form.platforms}
        onChange={(platforms) => change({ platforms })}
        error={faults.has('platforms') ? t(webhookTexts.wrongAppids) : undefined}
      />
      <LinesField
        label={t(webhookTexts.onlyMerchants)}
        hint={t(webhookTexts.limitHint)}
        value={form.merchants}
        onChange={(merchants) => change({ merchants })}
        error={faults.has('merchants') ? t(webhookTexts.wrongAppids) : undefined}
      />
    </FormDialog>
  );
}

function EndpointFields({
  form,
  onChange,
}: {
  form: EndpointForm;
  onChange: (changes: Partial<EndpointForm>) => void;
}) {
  const t = useText();
  return (
    <>
      <TextField
        label={t(webhookTexts.url)}
        hint={t(webhookTexts.urlHint)}
        value={form.url}
        onChange={(url) => onChange({ url })}
        placeholder="https://hooks.example.com/retract"
        error={faultsOf(form).has('url') ? t(webhookTexts.wrongUrl) : undefined}
      />
      <TextField
        label={t(webhookTexts.description)}
        value={form.description}
        onChange={(description) => onChange({ description })}
      />
      <EventTypesField patterns={form.patterns} onChange={(patterns) => onChange({ patterns })} />
    </>
  );
}

interface OfEndpoint {
  endpoint: WebhookEndpoint;
  onClose: () => void;
}

const useUpdate = ({ endpoint, onClose }: OfEndpoint) =>
  useMutation({
    mutationFn: (body: UpdateWebhookEndpoint) => retract.webhookEndpoints.update(endpoint.id, body),
    onSuccess: () => {
      readAnew();
      onClose();
    },
  });

export function ChangeEndpoint(props: OfEndpoint) {
  const t = useText();
  const [form, setForm] = useState<EndpointForm>(() => formOf(props.endpoint));
  const { mutate, isPending, error } = useUpdate(props);
  return (
    <FormDialog
      title={t(webhookTexts.change)}
      action={t(webhookTexts.save)}
      isBusy={isPending}
      isReady={isComplete(form)}
      error={error}
      onSubmit={() => mutate(changesOf(form))}
      onClose={props.onClose}
    >
      <EndpointFields form={form} onChange={(changes) => setForm((before) => ({ ...before, ...changes }))} />
    </FormDialog>
  );
}

/** Enables what is disabled, and the other way round. */
export function SwitchEndpoint(props: OfEndpoint) {
  const t = useText();
  const { mutate, isPending, error } = useUpdate(props);
  const isEnabled = props.endpoint.state === 'enabled';
  const action = t(isEnabled ? webhookTexts.disable : webhookTexts.enable);
  return (
    <FormDialog
      title={action}
      action={action}
      isDanger={isEnabled}
      isBusy={isPending}
      error={error}
      onSubmit={() => mutate({ state: isEnabled ? 'disabled' : 'enabled' })}
      onClose={props.onClose}
    >
      <p className="code">{props.endpoint.url}</p>
      <p>{t(isEnabled ? webhookTexts.disableSure : webhookTexts.enableHint)}</p>
    </FormDialog>
  );
}

const OVERLAPS = ['24', '72', '168', '0'] as const;

export function RotateSecret({ endpoint, onClose }: OfEndpoint) {
  const t = useText();
  const [hours, setHours] = useState<(typeof OVERLAPS)[number]>('24');
  const { mutate, isPending, data, error } = useMutation({
    mutationFn: () => retract.webhookEndpoints.rotateSecret(endpoint.id, { overlap_hours: Number(hours) }),
    onSuccess: readAnew,
    gcTime: 0,
  });
  useStayForSecret(isPending);
  if (data) return <NewSecret secret={data.secret} onClose={onClose} />;
  return (
    <FormDialog
      title={t(webhookTexts.rotate)}
      action={t(webhookTexts.rotate)}
      isDanger={hours === '0'}
      isBusy={isPending}
      error={error}
      onSubmit={() => mutate()}
      onClose={onClose}
    >
      <p>{t(webhookTexts.rotateLead)}</p>
      <Choices
        label={t(webhookTexts.overlap)}
        value={hours}
        onChange={setHours}
        choices={OVERLAPS.map((one) => [
          one,
          one === '0' ? t(webhookTexts.noOverlap) : t(webhookTexts.overlapHours, { hours: Number(one) }),
        ])}
      />
    </FormDialog>
  );
}

export function DeleteEndpoint({ endpoint, onClose }: OfEndpoint) {
  const t = useText();
  const navigate = useNavigate();
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => retract.webhookEndpoints.delete(endpoint.id),
    onSuccess: async () => {
      await navigate({ to: '/settings/webhooks' });
      readAnew();
    },
  });
  return (
    <FormDialog
      title={t(webhookTexts.delete)}
      action={t(webhookTexts.delete)}
      isDanger
      isBusy={isPending}
      error={error}
      onSubmit={() => mutate()}
      onClose={onClose}
    >
      <p>{t(webhookTexts.deleteSure, { url: endpoint.url })}</p>
    </FormDialog>
  );
}
