import { Injectable } from '@nestjs/common';
import { AuthorizationLinks, CallbackProcessing, Forwards, PreAuthCodes } from '@app/merchants';
import { LOST_AFTER_MS, type Step } from './step.js';

/** What comes in from WeChat and from merchants' admins: lost jobs, and what is needed no more. */
@Injectable()
export class InboxSweep {
  constructor(
    private readonly callbacks: CallbackProcessing,
    private readonly forwards: Forwards,
    private readonly links: AuthorizationLinks,
    private readonly preAuthCodes: PreAuthCodes,
  ) {}

  steps(): Step[] {
    return [
      () => this.callbacks.sweep(LOST_AFTER_MS),
      () => this.forwards.sweep(LOST_AFTER_MS),
      () => this.links.forgetOld(),
      () => this.preAuthCodes.forgetOld(),
    ];
  }
}
