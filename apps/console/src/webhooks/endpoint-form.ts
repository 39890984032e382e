import type { CreateWebhookEndpoint, UpdateWebhookEndpoint, WebhookEndpoint } from '@app/client';
import { appidsOf, areAppids, isHttpUrl } from '../api/entered.js';
import type { Pattern } from './event-choice.js';

export interface EndpointForm {
  url: string;
  description: string;
  patterns: Pattern[];
  /** Appids; none: of all that the key may reach. */
  platforms: string;
  merchants: string;
}

export const EMPTY_FORM: EndpointForm = {
  url: '',
  description: '',
  patterns: ['deletion.*', 'takedown.finished'],
  platforms: '',
  merchants: '',
};

export type FormFault = 'url' | 'platforms' | 'merchants';

export const formOf = ({ url, description, event_types }: WebhookEndpoint): EndpointForm => ({
  ...EMPTY_FORM,
  url,
  description: description ?? '',
  patterns: event_types,
});

/** What is empty is not wrong yet. */
export function faultsOf({ url, platforms, merchants }: EndpointForm): Set<FormFault> {
  const faults = new Set<FormFault>();
  if (url.trim() !== '' && !isHttpUrl(url.trim())) faults.add('url');
  if (!areAppids(platforms)) faults.add('platforms');
  if (!areAppids(merchants)) faults.add('merchants');
  return faults;
}

export const isComplete = (form: EndpointForm): boolean =>
  form.url.trim() !== '' && form.patterns.length > 0 && faultsOf(form).size === 0;

/** What an endpoint hears of stays as it was made: a change has no limits. */
export const changesOf = ({ url, description, patterns }: EndpointForm) =>
  ({
    url: url.trim(),
    event_types: patterns,
    description: description.trim() === '' ? null : description.trim(),
  }) satisfies UpdateWebhookEndpoint;

export function requestOf(form: EndpointForm): CreateWebhookEndpoint {
  const [platforms, merchants] = [appidsOf(form.platforms), appidsOf(form.merchants)];
  return {
    ...changesOf(form),
    ...(platforms.length > 0 && { platforms }),
    ...(merchants.length > 0 && { merchants }),
  };
}
