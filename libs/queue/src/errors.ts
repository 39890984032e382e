export type QueueErrorCode =
  | 'queue_url_invalid'
  | 'queue_unavailable'
  | 'queue_unfit'
  | 'job_data_invalid'
  | 'job_host_misplaced'
  | 'job_retry_after';

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

/**
 * The URL's scheme is none that jobs can run on: correct the setting. The URL may hold a password and is not repeated.
 */
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

/** The start cannot go on: the queue's server answers, and does not do what is needed. The message says in words why. */
export class QueueUnfit extends QueueError {
  constructor(message: string, options?: ErrorOptions) {
    super('queue_unfit', message, options);
  }
}

/** The data does not fit the catalogue's schema: a bug, or a job from a release that wrote another shape. */
export class JobDataInvalid extends QueueError {
  constructor(job: string, options?: ErrorOptions) {
    super('job_data_invalid', `The data of a ${job} job does not fit its schema.`, options);
  }
}

/** The worker must not start: a class that is said to run the jobs of one queue is the `@Processor` of another. */
export class JobHostMisplaced extends QueueError {
  constructor(queue: string, processes: string) {
    super('job_host_misplaced', `The host of the queue ${queue} is the processor of ${processes}.`);
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
