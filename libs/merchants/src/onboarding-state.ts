import { z } from 'zod';
import { AuthorizationStateRefused } from './errors.js';

/** What our `state` carries through WeChat's authorization page and back. Signed, not secret. */
export interface OnboardingState {
  /** Makes each link usable once. */
  id: string;
  componentAppid: string;
  /** The provider's own name for the merchant to be. */
  ref?: string | undefined;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

export interface Signer {
  sign(purpose: string, payload: string): string;
  verify(purpose: string, payload: string, signature: string): boolean;
}

const PURPOSE = 'onboarding-state';

const payloadSchema = z.strictObject({ i: z.uuid(), p: z.string(), r: z.string().optional(), e: z.number() });

export function writeState(state: OnboardingState, signer: Signer): string {
  const payload = Buffer.from(
    JSON.stringify({ i: state.id, p: state.componentAppid, r: state.ref, e: state.expiresAt }),
  ).toString('base64url');
  return `${payload}.${signer.sign(PURPOSE, payload)}`;
}

/** @throws AuthorizationStateRefused when it is not ours, is for another platform, or is too old */
export function readState(text: string, componentAppid: string, signer: Signer, now: number): OnboardingState {
  const [payload = '', signature = '', ...rest] = text.split('.');
  if (rest.length > 0 || !signer.verify(PURPOSE, payload, signature)) throw new AuthorizationStateRefused('forged');
  const { i, p, r, e } = payloadSchema.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
  if (p !== componentAppid) throw new AuthorizationStateRefused('forged');
  if (e < now) throw new AuthorizationStateRefused('expired');
  return { id: i, componentAppid: p, ref: r, expiresAt: e };
}
