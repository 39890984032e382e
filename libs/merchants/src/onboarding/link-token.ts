import { AuthorizationLinkRefused } from '../errors.js';
import type { Signer } from './onboarding-state.js';

/** What a signed link leads to: one that was issued, or an account that authorized before and shall do so again. */
export type LinkSubject = { linkId: string } | { account: string };

const PURPOSE = 'authorization-link';
const UNSIGNED = /^v1\.(?:l\.([0-9a-f-]{36})|a\.([A-Za-z0-9_-]{4,64}))$/;

/** `v1.l.<id>.<signature>` or `v1.a.<appid>.<signature>`, for one platform. Signed, not secret. */
export function writeLink(subject: LinkSubject, componentAppid: string, signer: Signer): string {
  const unsigned = 'linkId' in subject ? `v1.l.${subject.linkId}` : `v1.a.${subject.account}`;
  return `${unsigned}.${signer.sign(PURPOSE, `${componentAppid}/${unsigned}`)}`;
}

/** @throws AuthorizationLinkRefused when it is not ours, or is for another platform */
export function readLink(text: string, componentAppid: string, signer: Signer): LinkSubject {
  const at = text.lastIndexOf('.');
  const [unsigned, signature] = [text.slice(0, Math.max(at, 0)), text.slice(at + 1)];
  const [, linkId, account] = UNSIGNED.exec(unsigned) ?? [];
  if (signer.verify(PURPOSE, `${componentAppid}/${unsigned}`, signature)) {
    if (linkId !== undefined) return { linkId };
    if (account !== undefined) return { account };
  }
  throw new AuthorizationLinkRefused('forged');
}
