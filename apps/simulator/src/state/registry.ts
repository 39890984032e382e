import { decodeAesKey } from '@app/wechat';
import { z } from 'zod';
import { OPERATION_NAMES, type OperationName } from '../behaviour/operation-names.js';
import { newCounters } from './quotas.js';
import type { SeededRandom } from '../behaviour/random.js';
import type { Merchant, Platform, World } from './world.js';

const appid = z.string().regex(/^wx[0-9a-z]{16}$/, 'an appid is wx and 16 characters of 0-9 and a-z');
const httpUrl = z.url({ protocol: /^https?$/ });

const platformFields = {
  app_secret: z.string().min(1).optional(),
  token: z.string().min(1).optional(),
  encoding_aes_key: z
    .string()
    .regex(/^[A-Za-z0-9]{43}$/, '43 characters of A-Z, a-z, 0-9')
    .optional(),
  events_url: httpUrl.nullish().describe('Authorization-event URL'),
  messages_url: httpUrl.nullish().describe('Message-and-event URL; $APPID$ stands for the account'),
  launch_domain: z.string().nullish().describe('Host of the page that links to the authorization page; null: any'),
  ip_list: z.array(z.string()).nullish().describe('Addresses that may call; null: not checked'),
  permission_sets: z.array(z.int()).optional().describe('Sets that the platform asks for'),
  is_published: z.boolean().optional(),
  test_accounts: z.array(z.string()).optional(),
};

export const platformSchema = z.strictObject({ component_appid: appid.optional(), ...platformFields });
export const platformChangeSchema = z.strictObject(platformFields);
export type PlatformInput = z.infer<typeof platformSchema>;
export type PlatformChange = z.infer<typeof platformChangeSchema>;

const merchantFields = {
  nick_name: z.string().optional(),
  alias: z.string().optional(),
  head_img: z.string().optional(),
  principal_name: z.string().optional(),
  signature: z.string().optional(),
  service_type: z.int().optional().describe('0 subscription, 1 upgraded subscription, 2 service account'),
  verify_type: z.int().optional().describe('-1 none, 0 WeChat-verified, 3 and 4 name pending'),
  account_status: z.int().optional().describe('1 normal, 14 cancelled, 16 banned, 18 warned, 19 frozen'),
  has_api_rights: z.boolean().optional(),
  denied_operations: z.array(z.enum(OPERATION_NAMES)).optional().describe('Operations answered with 48001'),
  has_changed_password: z.boolean().optional().describe('Its tokens are void (42007) until it authorizes again'),
  consent: z.array(z.int()).nullish().describe('Sets that its admin would grant; null: all that are asked for'),
  fans: z.int().min(0).optional(),
  send_status: z
    .string()
    .regex(/^(send success|send fail|err\(\d+\))$/)
    .optional()
    .describe('How its mass sends end: `send success`, `send fail`, `err(20001)`'),
};

export const merchantSchema = z.strictObject({
  appid: appid.optional(),
  user_name: z.string().startsWith('gh_').optional(),
  kind: z.enum(['official', 'mini_program']).default('official'),
  ...merchantFields,
});
export const merchantChangeSchema = z.strictObject(merchantFields);
export type MerchantInput = z.infer<typeof merchantSchema>;
export type MerchantChange = z.infer<typeof merchantChangeSchema>;

const DEFAULT_SETS = [1, 2, 3, 6, 7, 11, 15];
/** Last characters of a key whose two unused bits are not zero: real keys mostly have them, strict decoders fail. */
const NON_CANONICAL_ENDS = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'].filter(
  (_, value) => value % 4 !== 0,
);

/** Creates and changes platforms and accounts. */
export class Registry {
  constructor(
    private readonly world: World,
    private readonly random: SeededRandom,
  ) {}

  /** A platform that is registered again takes the place of the old one. */
  addPlatform(input: PlatformInput): Platform {
    const encodingAesKey = input.encoding_aes_key ?? this.newAesKey();
    const platform: Platform = {
      componentAppid: input.component_appid ?? this.newAppid(),
      appSecret: input.app_secret ?? this.random.hex(32),
      token: input.token ?? this.random.alphanumeric(16),
      encodingAesKey,
      aesKey: decodeAesKey(encodingAesKey),
      eventsUrl: undefined,
      messagesUrl: undefined,
      launchDomain: undefined,
      ipList: undefined,
      permissionSets: DEFAULT_SETS,
      isPublished: true,
      testAccounts: [],
      isTicketPushed: false,
      ticketFailures: 0,
      ticket: undefined,
      tickets: new Map(),
      accessTokens: [],
      grants: new Map(),
      counters: newCounters(),
    };
    this.changePlatform(platform, input);
    this.world.platforms.set(platform.componentAppid, platform);
    return platform;
  }

  changePlatform(platform: Platform, change: PlatformChange): void {
    if (change.app_secret !== undefined) platform.appSecret = change.app_secret;
    if (change.token !== undefined) platform.token = change.token;
    if (change.encoding_aes_key !== undefined) {
      platform.encodingAesKey = change.encoding_aes_key;
      platform.aesKey = decodeAesKey(change.encoding_aes_key);
    }
    if (change.events_url !== undefined) platform.eventsUrl = change.events_url ?? undefined;
    if (change.messages_url !== undefined) platform.messagesUrl = change.messages_url ?? undefined;
    if (change.launch_domain !== undefined) platform.launchDomain = change.launch_domain ?? undefined;
    if (change.ip_list !== undefined) platform.ipList = change.ip_list ?? undefined;
    if (change.permission_sets !== undefined) platform.permissionSets = change.permission_sets;
    if (change.is_published !== undefined) platform.isPublished = change.is_published;
    if (change.test_accounts !== undefined) platform.testAccounts = change.test_accounts;
  }

  addMerchant(input: MerchantInput): Merchant {
    const merchant: Merchant = {
      appid: input.appid ?? this.newAppid(),
      userName: input.user_name ?? `gh_${this.random.hex(12)}`,
      kind: input.kind,
      nickName: `Account ${this.world.merchants.size + 1}`,
      alias: '',
      headImg: '',
      principalName: '',
      signature: '',
      serviceType: input.kind === 'official' ? 2 : 0,
      verifyType: 0,
      accountStatus: 1,
      hasApiRights: true,
      deniedOperations: NOTHING_DENIED,
      hasChangedPassword: false,
      consent: undefined,
      fans: 100,
      sendStatus: 'send success',
      options: DEFAULT_OPTIONS,
      biz: Buffer.from(String(this.random.int(3_000_000_000, 3_999_999_999))).toString('base64'),
      materials: new Map(),
      materialsByMid: new Map(),
      messages: new Map(),
      sentBefore: new Map(),
      nextToAllId: FIRST_TO_ALL_ID,
      nextToTagId: FIRST_TO_TAG_ID,
      nextMid: FIRST_MID,
      counters: newCounters(),
      clears: { month: '', used: 0 },
      pushFailures: 0,
      pushPausedUntil: 0,
    };
    this.changeMerchant(merchant, input);
    this.world.merchants.set(merchant.appid, merchant);
    return merchant;
  }

  changeMerchant(merchant: Merchant, change: MerchantChange): void {
    if (change.nick_name !== undefined) merchant.nickName = change.nick_name;
    if (change.alias !== undefined) merchant.alias = change.alias;
    if (change.head_img !== undefined) merchant.headImg = change.head_img;
    if (change.principal_name !== undefined) merchant.principalName = change.principal_name;
    if (change.signature !== undefined) merchant.signature = change.signature;
    if (change.service_type !== undefined) merchant.serviceType = change.service_type;
    if (change.verify_type !== undefined) merchant.verifyType = change.verify_type;
    if (change.account_status !== undefined) merchant.accountStatus = change.account_status;
    if (change.has_api_rights !== undefined) merchant.hasApiRights = change.has_api_rights;
    if (change.denied_operations !== undefined) merchant.deniedOperations = new Set(change.denied_operations);
    if (change.has_changed_password !== undefined) merchant.hasChangedPassword = change.has_changed_password;
    if (change.consent !== undefined) merchant.consent = change.consent ?? undefined;
    if (change.fans !== undefined) merchant.fans = change.fans;
    if (change.send_status !== undefined) merchant.sendStatus = change.send_status;
  }

  private newAppid(): string {
    return `wx${this.random.hex(16)}`;
  }

  private newAesKey(): string {
    const end = NON_CANONICAL_ENDS[this.random.int(0, NON_CANONICAL_ENDS.length - 1)] ?? 'B';
    return this.random.alphanumeric(42) + end;
  }
}

const NOTHING_DENIED: ReadonlySet<OperationName> = new Set();
const DEFAULT_OPTIONS = Object.freeze({ location_report: '0', voice_recognize: '0', customer_service: '0' });
/** As real ids begin: 10⁹ for sends to all, 2³¹ + 10⁹ for sends to a tag or a list. Each account counts its own. */
const FIRST_TO_ALL_ID = 1_000_000_001n;
const FIRST_TO_TAG_ID = 3_147_483_661n;
const FIRST_MID = 2_247_483_651;
