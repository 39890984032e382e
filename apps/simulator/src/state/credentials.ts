import { Refusal } from './refusal.js';
import type { SeededRandom } from '../behaviour/random.js';
import type { Settings } from '../behaviour/settings.js';
import type { Clock } from './timeline.js';
import type { AccessToken, Grant, Platform, World } from './world.js';

/** Tokens of one owner that are remembered: enough to answer 42001 or 40001 rightly to a client that is far behind. */
const REMEMBERED_TOKENS = 4;

/**
 * Tickets and tokens: what is issued, how long it holds, and what a newer one does to an older one.
 * https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/creat_token.html
 */
export class Credentials {
  constructor(
    private readonly world: World,
    private readonly settings: () => Settings,
    private readonly clock: Clock,
    private readonly random: SeededRandom,
  ) {}

  /** The ticket to push now: the same one for hours, as WeChat does it, each push extending its life. */
  ticketToPush(platform: Platform): string {
    const now = this.clock.now();
    const { ticket_change_ms, ticket_lifetime_s } = this.settings();
    if (!platform.ticket || now - platform.ticket.createdAt >= ticket_change_ms) {
      platform.ticket = { value: `ticket@@@${this.random.base64url(79)}`, createdAt: now };
      for (const [value, validUntil] of platform.tickets) if (validUntil < now) platform.tickets.delete(value);
    }
    platform.tickets.set(platform.ticket.value, now + ticket_lifetime_s * 1000);
    return platform.ticket.value;
  }

  checkTicket(platform: Platform, ticket: string): void {
    const validUntil = platform.tickets.get(ticket);
    if (validUntil === undefined) throw new Refusal(61006);
    if (validUntil <= this.clock.now()) throw new Refusal(61005);
  }

  issueComponentToken(platform: Platform): AccessToken {
    return this.issue(platform.accessTokens, { platform });
  }

  issueAuthorizerToken(grant: Grant): AccessToken {
    return this.issue(grant.accessTokens, { grant });
  }

  newRefreshToken(): string {
    return `refreshtoken@@@${this.random.base64url(43)}`;
  }

  /** Puts a new refresh token in the place of the grant's, which works a little longer. */
  rotateRefreshToken(grant: Grant): void {
    const now = this.clock.now();
    const validUntil = now + this.settings().old_refresh_token_grace_s * 1000;
    grant.oldRefreshTokens = grant.oldRefreshTokens.filter((old) => old.validUntil > now);
    grant.oldRefreshTokens.push({ value: grant.refreshToken, validUntil });
    grant.refreshToken = this.newRefreshToken();
  }

  acceptsRefreshToken(grant: Grant, token: string): boolean {
    if (token === grant.refreshToken) return true;
    const now = this.clock.now();
    return grant.oldRefreshTokens.some((old) => old.value === token && old.validUntil > now);
  }

  /** Finds the token and who it belongs to, or refuses as WeChat would. */
  check(value: string): AccessToken {
    if (!/^\d{2,3}_/.test(value)) throw new Refusal(40014);
    const token = this.world.tokens.get(value);
    const now = this.clock.now();
    if (!token || token.isLost || token.supersededAt <= now) throw new Refusal(40001);
    if (token.expiresAt <= now) {
      throw new Refusal(token.owner.platform ? this.settings().component_token_expired_errcode : 42001);
    }
    return token;
  }

  /** Ends every token of a grant, as de-authorization does. */
  forget(grant: Grant): void {
    for (const { value } of grant.accessTokens) this.world.tokens.delete(value);
    grant.accessTokens.length = 0;
    grant.oldRefreshTokens.length = 0;
  }

  /** What happens to a platform's credentials in bad times, on request. */
  spoilPlatform(
    platform: Platform,
    action: 'expire_tokens' | 'lose_tokens' | 'change_ticket' | 'expire_tickets',
  ): void {
    if (action === 'change_ticket') platform.ticket = undefined;
    else if (action === 'expire_tickets') for (const ticket of platform.tickets.keys()) platform.tickets.set(ticket, 0);
    else spoilTokens(platform.accessTokens, action);
  }

  spoilGrant(
    grant: Grant,
    action: 'expire_tokens' | 'lose_tokens' | 'rotate_refresh_token' | 'lose_refresh_token',
  ): void {
    if (action === 'rotate_refresh_token') this.rotateRefreshToken(grant);
    else if (action === 'lose_refresh_token') {
      grant.oldRefreshTokens = [];
      grant.refreshToken = this.newRefreshToken();
    } else spoilTokens(grant.accessTokens, action);
  }

  private issue(issued: AccessToken[], owner: AccessToken['owner']): AccessToken {
    const now = this.clock.now();
    const { token_lifetime_s, old_token_grace_s } = this.settings();
    for (const old of issued) old.supersededAt = Math.min(old.supersededAt, now + old_token_grace_s * 1000);
    const token: AccessToken = {
      value: `${this.random.int(10, 99)}_${this.random.base64url(this.random.int(132, 158))}`,
      expiresAt: now + token_lifetime_s * 1000,
      supersededAt: Infinity,
      isLost: false,
      owner,
    };
    issued.push(token);
    this.world.tokens.set(token.value, token);
    if (issued.length > REMEMBERED_TOKENS) {
      const forgotten = issued.shift();
      if (forgotten) this.world.tokens.delete(forgotten.value);
    }
    return token;
  }
}

function spoilTokens(tokens: AccessToken[], action: 'expire_tokens' | 'lose_tokens'): void {
  for (const token of tokens) {
    if (action === 'lose_tokens') token.isLost = true;
    else Object.assign(token, { expiresAt: 0, supersededAt: Infinity });
  }
}
