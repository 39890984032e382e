import type { RegisterPlatform, UpdatePlatform } from '@app/client';
import { isAppid, isHttpUrl } from '../api/entered.js';

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

const ENCODING_AES_KEY = /^[A-Za-z0-9]{43}$/;
const MOST_URLS = 10;

/** Without those that are blank. */
export const linesOf = (lines: string): string[] =>
  lines
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** What is wrong with what was entered so far; what is empty is not wrong yet. */
export function faultsOf({ appid, encodingAesKey, forwardUrls }: PlatformForm): Set<FormFault> {
  const faults = new Set<FormFault>();
  if (appid.trim() !== '' && !isAppid(appid.trim())) faults.add('appid');
  if (encodingAesKey.trim() !== '' && !ENCODING_AES_KEY.test(encodingAesKey.trim())) faults.add('encodingAesKey');
  const urls = linesOf(forwardUrls);
  if (urls.length > MOST_URLS || new Set(urls).size < urls.length || !urls.every(isHttpUrl)) faults.add('forwardUrls');
  return faults;
}

/** @returns undefined while something is missing or wrong */
export function registrationOf(form: PlatformForm): RegisterPlatform | undefined {
  const { appid, forwardUrls } = form;
  const { app_secret, token, encoding_aes_key } = secretsOf(form);
  if (faultsOf(form).size > 0 || appid.trim() === '') return undefined;
  if (app_secret === undefined || token === undefined || encoding_aes_key === undefined) return undefined;
  const urls = linesOf(forwardUrls);
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
