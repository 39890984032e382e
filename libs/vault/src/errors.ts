export type VaultErrorCode = 'master_keys_invalid' | 'unknown_key' | 'envelope_malformed' | 'not_authentic';

/** The errors of this lib. Messages name key ids and places, never key material or plaintext. */
export class VaultError extends Error {
  constructor(
    readonly code: VaultErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The list of master keys cannot be used: correct the setting. */
export class MasterKeysInvalid extends VaultError {
  constructor(message: string) {
    super('master_keys_invalid', message);
  }
}

/** Sealed under a key that is not in the list: put that key back, oldest last. */
export class UnknownKey extends VaultError {
  constructor(readonly keyId: string) {
    super('unknown_key', `The secret is sealed under master key "${keyId}", which is not among the master keys.`);
  }
}

/** The text is no envelope of ours: it was cut, re-encoded, or never sealed. */
export class EnvelopeMalformed extends VaultError {
  constructor() {
    super('envelope_malformed', 'The text is not a sealed envelope.');
  }
}

/** The envelope was changed, moved to another row or column, or sealed under another key of the same id. */
export class NotAuthentic extends VaultError {
  constructor(aad: string, cause: unknown) {
    super('not_authentic', `The sealed secret does not belong to ${aad}, or it was changed.`, { cause });
  }
}
