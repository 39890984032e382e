import type { Credentials } from '../state/credentials.js';
import type { Settings } from '../behaviour/settings.js';
import { seconds, type Timeline } from '../state/timeline.js';
import type { Platform } from '../state/world.js';
import { ticketEvent } from './payloads.js';
import type { Push, Pusher } from './pusher.js';

/**
 * Pushes `component_verify_ticket` every ten minutes, again sooner when it is not answered with `success`, and no more
 * after too many failures in a row, until api_start_push_ticket.
 */
export class Tickets {
  private readonly cancels = new WeakMap<Platform, () => void>();

  constructor(
    private readonly credentials: Credentials,
    private readonly pusher: Pusher,
    private readonly settings: () => Settings,
    private readonly timeline: Timeline,
  ) {}

  /** Begins with a push now. */
  start(platform: Platform): void {
    platform.isTicketPushed = true;
    platform.ticketFailures = 0;
    this.schedule(platform, 0);
  }

  stop(platform: Platform): void {
    platform.isTicketPushed = false;
    this.cancels.get(platform)?.();
    this.cancels.delete(platform);
  }

  /** One push beside the schedule. */
  async pushNow(platform: Platform): Promise<Push | undefined> {
    const ticket = this.credentials.ticketToPush(platform);
    return this.pusher.pushEvent(platform, ticketEvent(platform, ticket, seconds(this.timeline.now())));
  }

  private schedule(platform: Platform, delayMs: number): void {
    this.cancels.get(platform)?.();
    this.cancels.set(
      platform,
      this.timeline.after(delayMs, () => void this.pushBySchedule(platform)),
    );
  }

  private async pushBySchedule(platform: Platform): Promise<void> {
    const { ticket_interval_ms, ticket_retry_ms, ticket_stop_after_failures } = this.settings();
    this.schedule(platform, ticket_interval_ms);
    const push = await this.pushNow(platform);
    if (!platform.isTicketPushed || push?.state !== 'failed') {
      platform.ticketFailures = 0;
      return;
    }
    if (++platform.ticketFailures >= ticket_stop_after_failures) this.stop(platform);
    else this.schedule(platform, Math.min(ticket_retry_ms, ticket_interval_ms));
  }
}
