import type { RegisterPlatform, UpdatePlatform } from '@app/client';

/** As it is typed. The secrets are sent, and never come back. */
export interface PlatformForm {
  appid: string;
  appSecret: string;
  token: string;
  encodingAesKey: string;
  forwardUrls: string;
}

export const EMPTY_FORM: PlatformForm = { appid: '', appSecret: '', token: '', encodingAesKey: '', forwardUrls: '' };

export type FormFault = 'appid' | 'encodingAesKey' | 'forwardUrls';

const APPID = /^[A-Za-z0-9_-]{4,64}$/;
const ENCODING_AES_KEY = /^[A-Za-z0-9]{43}$/;
const MOST_URLS = 10;

/** Each line is a URL. */
export const urlsOf = (lines: string): string[] =>
  lines
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** Pushes go over http(s), and what stands in the address shows: no user, no password. */
export function isForwardUrl(text: string): boolean {
  if (!URL.canParse(text) || text.length > 2_000) return false;
  const { protocol, username, password, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '' && hash === '';
}

/** What is wrong with what was entered so far; what is empty is not wrong yet. */
export function faultsOf({ appid, encodingAesKey, forwardUrls }: PlatformForm): Set<FormFault> {
  const faults = new Set<FormFault>();
  if (appid.trim() !== '' && !APPID.test(appid.trim())) faults.add('appid');
  if (encodingAesKey.trim() !== '' && !ENCODING_AES_KEY.test(encodingAesKey.trim())) faults.add('encodingAesKey');
  const urls = urlsOf(forwardUrls);
  if (urls.length > MOST_URLS || new Set(urls).size < urls.length || !urls.every(isForwardUrl))
    faults.add('forwardUrls');
  return faults;
}

/** @returns undefined while something is missing or wrong */
export function registrationOf(form: PlatformForm): RegisterPlatform | undefined {
  const { appid, forwardUrls } = form;
  const { app_secret, token, encoding_aes_key } = secretsOf(form);
  if (faultsOf(form).size > 0 || appid.trim() === '') return undefined;
  if (app_secret === undefined || token === undefined || encoding_aes_key === undefined) return undefined;
  const urls = urlsOf(forwardUrls);
  return {
    component_appid: appid.trim(),
    app_secret,
    token,
    encoding_aes_key,
    ...(urls.length > 0 && { forward_urls: urls }),
  };
}

/** Those that were entered: the others stay as they are. */
export function secretsOf({ appSecret, token, encodingAesKey }: PlatformForm): UpdatePlatform {
  return {
    ...(appSecret.trim() !== '' && { app_secret: appSecret.trim() }),
    ...(token.trim() !== '' && { token: token.trim() }),
    ...(encodingAesKey.trim() !== '' && { encoding_aes_key: encodingAesKey.trim() }),
  };
}
