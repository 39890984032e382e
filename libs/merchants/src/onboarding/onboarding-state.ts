import { z } from 'zod';
import { AuthorizationStateRefused } from '../errors.js';

/** What our `state` carries through WeChat's authorization page and back. Signed, not secret. */
export interface OnboardingState {
  /** Of the pre-auth code that it goes with: both are good for one authorization. */
  id: string;
  componentAppid: string;
  /** The issued link that the admin came by. */
  linkId?: string | undefined;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

export interface Signer {
  sign(purpose: string, payload: string): string;
  verify(purpose: string, payload: string, signature: string): boolean;
}

const PURPOSE = 'onboarding-state';

const payloadSchema = z.strictObject({
  i: z.uuid(),
  p: z.string(),
  l: z.uuid().optional(),
  /** A name, from a process of the release before: whoever opened the page could choose it, so it counts no more. */
  r: z.string().optional(),
  e: z.number(),
});

export function writeState(state: OnboardingState, signer: Signer): string {
  const payload = Buffer.from(
    JSON.stringify({ i: state.id, p: state.componentAppid, l: state.linkId, e: state.expiresAt }),
  ).toString('base64url');
  return `${payload}.${signer.sign(PURPOSE, payload)}`;
}

/** @throws AuthorizationStateRefused when it is not ours, is for another platform, or is too old */
export function readState(text: string, componentAppid: string, signer: Signer, now: number): OnboardingState {
  const [payload = '', signature = '', ...rest] = text.split('.');
  if (rest.length > 0 || !signer.verify(PURPOSE, payload, signature)) throw new AuthorizationStateRefused('forged');
  const { i, p, l, e } = payloadSchema.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
  if (p !== componentAppid) throw new AuthorizationStateRefused('forged');
  if (e < now) throw new AuthorizationStateRefused('expired');
  return { id: i, componentAppid: p, linkId: l, expiresAt: e };
}
