import type { Platform, UpdatePlatform } from '@app/client';
import { linesOf } from './platform-form.js';

/** What merchants see of the provider, and where the authorization pages lead back to. */
export interface ProviderForm {
  name: string;
  /** In base64; null: none; undefined: it stays. */
  logo: string | null | undefined;
  returnUrl: string;
  /** One a line. */
  returnUrls: string;
}

export type ProviderFault = 'returnUrl' | 'returnUrls';

export const LARGEST_LOGO = 48 * 1024;
const MOST_URLS = 20;

export const providerFormOf = ({ provider_name, return_url, return_urls }: Platform): ProviderForm => ({
  name: provider_name ?? '',
  logo: undefined,
  returnUrl: return_url ?? '',
  returnUrls: return_urls.join('\n'),
});

function isHttpsUrl(text: string): boolean {
  if (!URL.canParse(text) || text.length > 2_000) return false;
  const { protocol, username, password } = new URL(text);
  return protocol === 'https:' && username === '' && password === '';
}

export function providerFaultsOf({ returnUrl, returnUrls }: ProviderForm): Set<ProviderFault> {
  const faults = new Set<ProviderFault>();
  const urls = linesOf(returnUrls);
  if (returnUrl.trim() !== '' && !isHttpsUrl(returnUrl.trim())) faults.add('returnUrl');
  if (urls.length > MOST_URLS || urls.some((url) => !isHttpsUrl(url) || /[?#]/.test(url))) faults.add('returnUrls');
  return faults;
}

const orNull = (text: string) => (text.trim() === '' ? null : text.trim());

export const providerChangesOf = ({ name, logo, returnUrl, returnUrls }: ProviderForm): UpdatePlatform => ({
  provider_name: orNull(name),
  ...(logo !== undefined && { provider_logo: logo }),
  return_url: orNull(returnUrl),
  return_urls: linesOf(returnUrls),
});
