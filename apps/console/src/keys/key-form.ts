import type { CreateApiKey } from '@app/client';
import { appidsOf, areAppids } from '../api/entered.js';

export interface KeyForm {
  name: string;
  role: CreateApiKey['role'];
  /** Appids, one a line; none: as the key that asks. */
  platforms: string;
  merchants: string;
  /** ISO 8601; empty: as the key that asks. */
  endsAt: string;
}

export const EMPTY_FORM: KeyForm = { name: '', role: 'viewer', platforms: '', merchants: '', endsAt: '' };

export type FormFault = 'platforms' | 'merchants' | 'endsAt';

export function faultsOf({ platforms, merchants, endsAt }: KeyForm, now: number): Set<FormFault> {
  const faults = new Set<FormFault>();
  if (!areAppids(platforms)) faults.add('platforms');
  if (!areAppids(merchants)) faults.add('merchants');
  if (endsAt !== '' && !(Date.parse(endsAt) > now)) faults.add('endsAt');
  return faults;
}

/** What is left empty is left out: then the new key is as the one that asks. */
export function requestOf({ name, role, platforms, merchants, endsAt }: KeyForm): CreateApiKey {
  const [onPlatforms, onMerchants] = [appidsOf(platforms), appidsOf(merchants)];
  return {
    name: name.trim(),
    role,
    ...(onPlatforms.length > 0 && { platforms: onPlatforms }),
    ...(onMerchants.length > 0 && { merchants: onMerchants }),
    ...(endsAt !== '' && { expires_at: endsAt }),
  };
}
