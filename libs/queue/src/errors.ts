export type QueueErrorCode =
  | 'queue_url_invalid'
  | 'queue_unavailable'
  | 'job_data_invalid'
  | 'job_handlers_incomplete'
  | 'job_give_up'
  | 'job_retry_after'
  | 'job_stalled';

/** Everything this lib throws, and what a handler may throw to say what comes next. */
export class QueueError extends Error {
  constructor(
    readonly code: QueueErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The URL's scheme is none that jobs can run on: correct the setting. The URL may hold a password and is not repeated. */
export class QueueUrlInvalid extends QueueError {
  constructor() {
    super('queue_url_invalid', 'The queue URL must start with postgres://, postgresql://, redis:// or rediss://.');
  }
}

/**
 * The queue did not answer in time: try again later. The operation may still take effect, which is harmless for adding,
 * because the job id stays the same.
 */
export class QueueUnavailable extends QueueError {
  constructor(operation: string, options?: ErrorOptions) {
    super('queue_unavailable', `The queue is not available (${operation}).`, options);
  }
}

/** The data does not fit the catalogue's schema: a bug, or a job from a release that wrote another shape. */
export class JobDataInvalid extends QueueError {
  constructor(job: string, options?: ErrorOptions) {
    super('job_data_invalid', `The data of a ${job} job does not fit its schema.`, options);
  }
}

/** The worker must not start: some job of the catalogue would never run, or a handler is for no job. */
export class JobHandlersIncomplete extends QueueError {
  constructor(missing: readonly string[], unknown: readonly string[]) {
    const parts = [
      ...(missing.length ? [`without a handler: ${missing.join(', ')}`] : []),
      ...(unknown.length ? [`not in the catalogue: ${unknown.join(', ')}`] : []),
    ];
    super('job_handlers_incomplete', `Jobs ${parts.join('; ')}.`);
  }
}

/** Thrown by a handler: trying again is pointless. */
export class GiveUp extends QueueError {
  constructor(message: string, options?: ErrorOptions) {
    super('job_give_up', message, options);
  }
}

/** Thrown by a handler: try again after that time, as long as attempts remain. */
export class RetryAfter extends QueueError {
  constructor(
    readonly delayMs: number,
    options?: ErrorOptions,
  ) {
    super('job_retry_after', `Try again in ${delayMs} ms.`, options);
  }
}

/** The worker that ran the job was lost so often that the job itself is the likely cause. */
export class JobStalled extends QueueError {
  constructor(job: string) {
    super('job_stalled', `Workers were lost too often while running a ${job} job.`);
  }
}
