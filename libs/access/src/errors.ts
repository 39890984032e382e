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
