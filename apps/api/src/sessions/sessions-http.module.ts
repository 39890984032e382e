import { Module, type ValueProvider } from '@nestjs/common';
import { AccessModule } from '@app/access';
import { FailedKeys } from '../http/access/failed-keys.js';
import { RateLimit, REQUEST_LIMIT } from '../http/access/rate-limit.js';
import { SessionCookie } from '../http/access/session-cookie.js';
import { SessionController } from './session.controller.js';
import { SessionsController } from './sessions.controller.js';

@Module({ imports: [AccessModule], controllers: [SessionController, SessionsController] })
export class SessionsHttpModule {
  /** Authentication counts into the same limits, and reads the same cookie. */
  static settings(limits: {
    requestsPerMinute: number;
    failuresPerMinute: number;
    publicUrl: string;
  }): ValueProvider[] {
    return [
      { provide: REQUEST_LIMIT, useValue: new RateLimit(limits.requestsPerMinute) },
      { provide: FailedKeys, useValue: new FailedKeys(new RateLimit(limits.failuresPerMinute)) },
      { provide: SessionCookie, useValue: new SessionCookie(limits.publicUrl) },
    ];
  }
}
