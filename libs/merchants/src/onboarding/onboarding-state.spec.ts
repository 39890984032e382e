import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { SecretBox } from '@app/vault';
import { AuthorizationStateRefused } from '../errors.js';
import { readState, writeState } from './onboarding-state.js';

const signer = new SecretBox([{ id: 'k1', key: randomBytes(32) }]);
const state = { id: uuidv7(), componentAppid: 'wxplatform', linkId: uuidv7(), expiresAt: 2_000 };

describe('the state of an authorization link', () => {
  it('comes back as it went', () => {
    expect(readState(writeState(state, signer), 'wxplatform', signer, 1_000)).toEqual(state);
  });

  it('is refused for another platform, after its time, and by another key', () => {
    const text = writeState(state, signer);
    expect(() => readState(text, 'wxother', signer, 1_000)).toThrow(new AuthorizationStateRefused('forged'));
    expect(() => readState(text, 'wxplatform', signer, 2_001)).toThrow(new AuthorizationStateRefused('expired'));
    const stranger = new SecretBox([{ id: 'k1', key: randomBytes(32) }]);
    expect(() => readState(text, 'wxplatform', stranger, 1_000)).toThrow(new AuthorizationStateRefused('forged'));
  });

  it('is refused when any character of it is changed', () => {
    const text = writeState(state, signer);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom('A', 'z', '0', '-', '.', '%'), (at, character) => {
        fc.pre(text[at] !== character);
        const changed = text.slice(0, at) + character + text.slice(at + 1);
        expect(() => readState(changed, 'wxplatform', signer, 1_000)).toThrow(AuthorizationStateRefused);
      }),
    );
  });

  it('is refused when it is anything else', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => readState(text, 'wxplatform', signer, 1_000)).toThrow(AuthorizationStateRefused);
      }),
    );
  });
});
