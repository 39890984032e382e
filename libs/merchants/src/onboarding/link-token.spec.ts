import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { SecretBox } from '@app/vault';
import { AuthorizationLinkRefused } from '../errors.js';
import { readLink, writeLink } from './link-token.js';

const key = (id: string) => ({ id, key: randomBytes(32) });
const older = key('k1');
const signer = new SecretBox([older]);
const forged = new AuthorizationLinkRefused('forged');

describe('the signed part of an authorization link', () => {
  it.each([{ linkId: uuidv7() }, { account: 'wx570bc396a51b8ff8' }])('names %j again', (subject) => {
    const text = writeLink(subject, 'wxplatform', signer);
    expect(text).toMatch(/^[\w.-]+$/);
    expect(readLink(text, 'wxplatform', signer)).toEqual(subject);
  });

  it('is good after a change of master keys, until the older one is gone', () => {
    const text = writeLink({ account: 'wx1234' }, 'wxplatform', signer);
    const newer = key('k2');
    expect(readLink(text, 'wxplatform', new SecretBox([newer, older]))).toEqual({ account: 'wx1234' });
    expect(() => readLink(text, 'wxplatform', new SecretBox([newer]))).toThrow(forged);
  });

  it('is refused for another platform, and when one kind is taken for the other', () => {
    const [link, account] = [writeLink({ linkId: uuidv7() }, 'wxplatform', signer), 'v1.a.wx1234'];
    expect(() => readLink(link, 'wxother', signer)).toThrow(forged);
    expect(() => readLink(link.replace('v1.l.', 'v1.a.'), 'wxplatform', signer)).toThrow(forged);
    expect(() => readLink(`${account}.${signer.sign('onboarding-state', account)}`, 'wxplatform', signer)).toThrow(
      forged,
    );
  });

  it('is refused when any character of it is changed, or it is anything else', () => {
    const text = writeLink({ linkId: uuidv7() }, 'wxplatform', signer);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom('A', 'z', '0', '-', '.', '%'), (at, character) => {
        fc.pre(text[at] !== character);
        const changed = text.slice(0, at) + character + text.slice(at + 1);
        expect(() => readLink(changed, 'wxplatform', signer)).toThrow(forged);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (any) => {
        expect(() => readLink(any, 'wxplatform', signer)).toThrow(forged);
      }),
    );
  });
});
