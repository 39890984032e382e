import type { OperationName } from '../behaviour/operation-names.js';
import type { CallCounters } from './quotas.js';

/** A third-party platform as WeChat's open platform knows it. */
export interface Platform {
  componentAppid: string;
  appSecret: string;
  /** The message-verification token that signs pushes. */
  token: string;
  encodingAesKey: string;
  aesKey: Buffer;
  /** The URL of authorization events; without it nothing is pushed. */
  eventsUrl: string | undefined;
  /** The URL of messages and events; `$APPID$` stands for the account. */
  messagesUrl: string | undefined;
  /** Host (with port if not the default one) of the page that links to the authorization page. Undefined: any. */
  launchDomain: string | undefined;
  /** Addresses that may call component APIs. Undefined: not checked. */
  ipList: string[] | undefined;
  /** The sets that the platform asks for. */
  permissionSets: number[];
  isPublished: boolean;
  /** Accounts that may authorize before the platform is published. */
  testAccounts: string[];
  isTicketPushed: boolean;
  ticketFailures: number;
  ticket: { value: string; createdAt: number } | undefined;
  /** Ticket to the moment it stops being accepted. */
  tickets: Map<string, number>;
  accessTokens: AccessToken[];
  grants: Map<string, Grant>;
  counters: CallCounters;
}

export type AccountKind = 'official' | 'mini_program';

/** An Official or Service account, or a mini program. */
export interface Merchant {
  appid: string;
  /** The gh_ id. */
  userName: string;
  kind: AccountKind;
  nickName: string;
  alias: string;
  headImg: string;
  principalName: string;
  signature: string;
  /** 0 subscription, 1 upgraded subscription, 2 service account; of a mini program 0 normal. */
  serviceType: number;
  /** −1 none, 0 WeChat-verified, 3 and 4 qualification passed but name pending. */
  verifyType: number;
  /** 1 normal, 14 cancelled, 16 banned, 18 warned, 19 frozen. */
  accountStatus: number;
  /** Without API rights an exchange yields no tokens. */
  hasApiRights: boolean;
  /** Operations that the account lacks (48001). */
  deniedOperations: ReadonlySet<OperationName>;
  /** Its password was changed: tokens are void (42007) until it authorizes again. */
  hasChangedPassword: boolean;
  /** What its admin would grant; undefined: all that the platform asks for. */
  consent: number[] | undefined;
  fans: number;
  /** Status that its next mass sends end with. */
  sendStatus: string;
  options: Record<string, string>;
  /** Made up from the appid for article URLs. */
  biz: string;
  materials: Map<string, Material>;
  materialsByMid: Map<number, Material>;
  messages: Map<bigint, MassMessage>;
  /** Client message id or digest of the content to the message it made. */
  sentBefore: Map<string, { msgId: bigint; until: number }>;
  nextToAllId: bigint;
  nextToTagId: bigint;
  nextMid: number;
  counters: CallCounters;
  clears: { month: string; used: number };
  /** Failed pushes in a row, and until when pushing pauses. */
  pushFailures: number;
  pushPausedUntil: number;
}

/** What an account gave to a platform. */
export interface Grant {
  platform: Platform;
  merchant: Merchant;
  permissionSets: number[];
  authorizedAt: number;
  isActive: boolean;
  /** No code was ever exchanged: the list of authorizers shows a blank refresh token. */
  isExchanged: boolean;
  refreshToken: string;
  oldRefreshTokens: { value: string; validUntil: number }[];
  /** Oldest first. */
  accessTokens: AccessToken[];
}

export interface AccessToken {
  value: string;
  expiresAt: number;
  /** The end that a newer token (plus the grace) sets to this one. */
  supersededAt: number;
  /** Taken away through the control API. */
  isLost: boolean;
  owner: { platform: Platform; grant?: undefined } | { grant: Grant; platform?: undefined };
}

export interface PreAuthCode {
  value: string;
  platform: Platform;
  expiresAt: number;
  isUsed: boolean;
}

export interface AuthCode {
  value: string;
  grant: Grant;
  expiresAt: number;
  isUsed: boolean;
}

export type MessageKind = 'mpnews' | 'mpvideo' | 'text' | 'voice' | 'image' | 'wxcard';

export interface Article {
  title: string;
  isDeleted: boolean;
  /** A refuted rumour: WeChat refuses to delete it (40204). */
  isRumour: boolean;
}

/** What a mass message shows. Sent several times, its pages are the same pages. */
export interface Material {
  mediaId: string;
  /** The `mid` of article URLs, the `msg_data_id` of sends. */
  mid: number;
  articles: Article[];
  messages: MassMessage[];
}

export interface MassMessage {
  msgId: bigint;
  kind: MessageKind;
  isToAll: boolean;
  /** Sent through the mass API; anything else cannot be deleted (40059). */
  isApiSent: boolean;
  status: 'SENDING' | 'SEND_SUCCESS' | 'SEND_FAIL';
  /** A message without pages of its own: text, voice, image, card. */
  material: Material | undefined;
  sentAt: number;
  /** Delete calls that named this message or one of its pages, and how many of them changed something. */
  deleteCalls: number;
  deleteEffects: number;
}

/** A customer-service message that a platform sent. */
export interface CustomMessage {
  at: number;
  appid: string;
  touser: string;
  msgtype: string;
  text: string;
}

/** All that WeChat would remember: plain data, so that it can be written to a file. */
export class World {
  readonly platforms = new Map<string, Platform>();
  readonly merchants = new Map<string, Merchant>();
  readonly tokens = new Map<string, AccessToken>();
  readonly preAuthCodes = new Map<string, PreAuthCode>();
  readonly authCodes = new Map<string, AuthCode>();
  readonly customMessages: CustomMessage[] = [];

  clear(): void {
    for (const kept of [this.platforms, this.merchants, this.tokens, this.preAuthCodes, this.authCodes]) kept.clear();
    this.customMessages.length = 0;
  }
}
