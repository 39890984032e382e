import { Authorizations, type Authorized } from '../state/authorizations.js';
import { CallLog } from '../state/call-log.js';
import { Credentials } from '../state/credentials.js';
import { Faults } from '../behaviour/faults.js';
import { Latencies } from '../behaviour/latency.js';
import { MassMessages, type Send } from '../state/mass-messages.js';
import { Quotas, type CallCounters } from '../state/quotas.js';
import type { OperationName } from '../behaviour/operation-names.js';
import { SeededRandom } from '../behaviour/random.js';
import { Registry, type PlatformChange, type PlatformInput } from '../state/registry.js';
import { Refusal } from '../state/refusal.js';
import { changed, DEFAULT_SETTINGS, type Settings, type SettingsChange } from '../behaviour/settings.js';
import { seconds, Timeline, type Clock } from '../state/timeline.js';
import { withQuery } from '../state/urls.js';
import {
  World,
  type AuthCode,
  type CustomMessage,
  type MassMessage,
  type Merchant,
  type Platform,
  type PreAuthCode,
} from '../state/world.js';
import { authorizedEvent, massSendJobFinish, unauthorizedEvent } from '../push/payloads.js';
import { Pusher, type Push } from '../push/pusher.js';
import { Tickets } from '../push/tickets.js';

export interface SimulationOptions {
  seed: number;
  clock: Clock;
  settings: SettingsChange;
  /** Calls that the log keeps. */
  callLogSize: number;
}

export interface Consent extends Authorized {
  /** Undefined if nothing changed, or the platform has no URL. */
  push: Promise<Push> | undefined;
}

const REMEMBERED_CUSTOM_MESSAGES = 10_000;

/** One simulated WeChat: its state, its rules, and what it sends. Several may live in a process. */
export class Simulation {
  readonly world = new World();
  readonly random: SeededRandom;
  readonly timeline: Timeline;
  readonly callLog: CallLog;
  readonly faults: Faults;
  readonly latencies: Latencies;
  readonly quotas = new Quotas(() => this.settings);
  readonly registry: Registry;
  readonly credentials: Credentials;
  readonly authorizations: Authorizations;
  readonly massMessages: MassMessages;
  readonly pusher: Pusher;
  readonly tickets: Tickets;
  settings: Settings;
  private readonly customMessageWatchers = new Set<(message: CustomMessage) => void>();

  constructor(private readonly options: SimulationOptions) {
    this.settings = changed(DEFAULT_SETTINGS, options.settings);
    const settings = () => this.settings;
    this.random = new SeededRandom(options.seed);
    this.timeline = new Timeline(options.clock);
    this.callLog = new CallLog(options.callLogSize);
    this.faults = new Faults(this.random);
    this.latencies = new Latencies(this.random);
    this.registry = new Registry(this.world, this.random);
    this.credentials = new Credentials(this.world, settings, this.timeline, this.random);
    this.authorizations = new Authorizations(this.world, this.credentials, settings, this.timeline, this.random);
    this.massMessages = new MassMessages(settings, this.timeline, this.random);
    this.pusher = new Pusher(settings, this.timeline, this.random);
    this.tickets = new Tickets(this.credentials, this.pusher, settings, this.timeline);
  }

  checkAddress(platform: Platform, clientIp: string): void {
    if (platform.ipList && !platform.ipList.includes(clientIp)) {
      throw new Refusal(61004, `access clientip is not registered, requestIP: ${clientIp}`);
    }
  }

  charge(counters: CallCounters, operation: OperationName): void {
    const outcome = this.quotas.charge(counters, operation, this.timeline.now());
    if (outcome === 'day_spent') throw new Refusal(45009);
    if (outcome === 'minute_spent') throw new Refusal(45011);
  }

  /** Registers a platform and begins to push tickets to it. */
  addPlatform(input: PlatformInput): Platform {
    const replaced = this.world.platforms.get(input.component_appid ?? '');
    if (replaced) this.tickets.stop(replaced);
    const platform = this.registry.addPlatform(input);
    if (platform.eventsUrl) this.tickets.start(platform);
    return platform;
  }

  changePlatform(platform: Platform, change: PlatformChange): void {
    const before = platform.eventsUrl;
    this.registry.changePlatform(platform, change);
    if (change.events_url) this.tickets.start(platform);
    if (platform.eventsUrl === before || !this.settings.new_events_url_rotates_refresh_tokens) return;
    for (const grant of platform.grants.values()) this.credentials.rotateRefreshToken(grant);
  }

  /**
   * The admin's consent, with the event that tells the platform. Without a code it is as if somebody had just opened
   * the page; without sets it is what the account is set to consent to.
   */
  consent(
    platform: Platform,
    merchant: Merchant,
    preAuthCode: PreAuthCode = this.authorizations.createPreAuthCode(platform),
    sets: number[] = merchant.consent ?? platform.permissionSets,
    { isSilent = false } = {},
  ): Consent {
    const authorized = this.authorizations.authorize(platform, merchant, preAuthCode, sets);
    if (authorized.change === 'unchanged' || isSilent) return { ...authorized, push: undefined };
    const event = authorizedEvent(authorized, seconds(this.timeline.now()));
    return { ...authorized, push: this.pusher.pushEvent(platform, event, merchant) };
  }

  /** The address that the admin's browser goes to next; the platform's own query survives. */
  redirectUrl(redirectUri: string, authCode: AuthCode): string {
    return withQuery(redirectUri, {
      auth_code: authCode.value,
      expires_in: String(this.settings.auth_code_lifetime_s),
    });
  }

  deauthorize(platform: Platform, authorizerAppid: string): Promise<Push> | undefined {
    const { merchant } = this.authorizations.deauthorize(platform, authorizerAppid);
    const event = unauthorizedEvent(platform, merchant.appid, seconds(this.timeline.now()));
    return this.pusher.pushEvent(platform, event, merchant);
  }

  /** Sends now; the outcome and its push come a moment later, to every platform that the account trusts. */
  sendMassMessage(merchant: Merchant, send: Send, status = merchant.sendStatus): MassMessage {
    const message = this.massMessages.start(merchant, send);
    this.timeline.after(this.settings.send_duration_ms, () => this.finishMassMessage(merchant, message, status));
    return message;
  }

  finishMassMessage(merchant: Merchant, message: MassMessage, status: string): void {
    this.massMessages.finish(message, status);
    const openid = this.newOpenid();
    const now = seconds(this.timeline.now());
    const event = massSendJobFinish(merchant, message, status, openid, this.massMessages, now);
    for (const platform of this.platformsOf(merchant)) void this.pusher.pushMessage(platform, merchant, event, openid);
  }

  platformsOf(merchant: Merchant): Platform[] {
    return [...this.world.platforms.values()].filter((platform) => platform.grants.get(merchant.appid)?.isActive);
  }

  newOpenid(): string {
    return `o${this.random.base64url(27)}`;
  }

  /** Whether such a customer-service message comes within so many (real) milliseconds. */
  customMessage(isIt: (message: CustomMessage) => boolean, withinMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (hasCome: boolean): void => {
        clearTimeout(timer);
        this.customMessageWatchers.delete(watcher);
        resolve(hasCome);
      };
      const watcher = (message: CustomMessage): void => void (isIt(message) && settle(true));
      const timer = setTimeout(() => settle(false), withinMs);
      this.customMessageWatchers.add(watcher);
    });
  }

  recordCustomMessage(message: CustomMessage): void {
    for (const watcher of this.customMessageWatchers) watcher(message);
    this.world.customMessages.push(message);
    if (this.world.customMessages.length > REMEMBERED_CUSTOM_MESSAGES) this.world.customMessages.shift();
  }

  /** Back to an empty world with the settings it started with. */
  reset(seed = this.options.seed): void {
    this.timeline.clear();
    this.timeline.offsetMs = 0;
    this.world.clear();
    this.callLog.clear();
    this.faults.clear();
    this.latencies.clear();
    this.pusher.clear();
    this.random.reseed(seed);
    this.settings = changed(DEFAULT_SETTINGS, this.options.settings);
  }

  async close(): Promise<void> {
    this.timeline.close();
    await this.pusher.close();
  }
}
