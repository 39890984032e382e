/** Base of what this lib throws. `code` is stable. */
export class AccessError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = new.target.name;
  }
}

export class IdempotencyKeyReused extends AccessError {
  constructor() {
    super(
      'idempotency_key_reused',
      'This Idempotency-Key came with another request before: use a new key for a new request.',
    );
  }
}

export class IdempotencyKeyInUse extends AccessError {
  constructor() {
    super('idempotency_key_in_use', 'A request with this Idempotency-Key is still running: ask again in a moment.');
  }
}

export class ApiKeyNotFound extends AccessError {
  constructor(id: string) {
    super('api_key_not_found', `There is no API key ${id}.`);
  }
}

/** The caller's own, between its being let in and what it asked for. */
export class CallersKeyEnded extends AccessError {
  constructor() {
    super('unauthenticated', 'The key that asks was revoked, or its time is over.');
  }
}

export class ApiKeyRevoked extends AccessError {
  constructor(id: string) {
    super('api_key_revoked', `API key ${id} was revoked, which is for good: issue a new one.`);
  }
}

/** Whether or not what it names exists: otherwise a key with limits could find out. */
export class LimitsTooWide extends AccessError {
  constructor() {
    super(
      'limits_too_wide',
      'A key can give no more than it has: name platforms, merchants and an end within its own limits.',
    );
  }
}

export class ApiKeysTooMany extends AccessError {
  constructor(readonly limit: number) {
    super('api_keys_too_many', `A tenant may have ${limit} API keys; one that has ended counts for a day more.`);
  }
}

export class LastAdminKey extends AccessError {
  constructor() {
    super('last_admin_key', 'No other admin’s key without limits and without an end works: issue one first.');
  }
}

/** The same for a key that is none or has ended, and a link that was used or comes from elsewhere: nobody learns which. */
export class SignInFailed extends AccessError {
  constructor() {
    super(
      'unauthenticated',
      'The API key is none that works, or the sign-in link was used, is older than ten minutes, or was followed on ' +
        'another machine than that of this service.',
    );
  }
}

export class RoleCannotSignIn extends AccessError {
  constructor(role: string) {
    super('forbidden', `Signing in takes the role viewer; the key has the role ${role}.`);
  }
}

export class SessionNotFound extends AccessError {
  constructor(id: string) {
    super('session_not_found', `There is no session ${id}.`);
  }
}
