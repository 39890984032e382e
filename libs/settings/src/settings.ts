import { accessSync, constants } from 'node:fs';
import { z } from 'zod';
import { parseMasterKeys } from '@app/vault';

const httpUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http:// or https:// address' })
  // Paths are put behind it.
  .refine((url) => !/[?#]/.test(url), 'must end with its path: no ? and no #')
  .transform((url) => url.replace(/\/+$/, ''));

const urlOf = (protocols: RegExp, error: string) => z.url({ protocol: protocols, error });

/** Missing, such a file would look like a server that is away. */
function hasFiles(url: string): boolean {
  if (!URL.canParse(url)) return true;
  const { searchParams } = new URL(url);
  try {
    for (const name of ['sslrootcert', 'sslcert', 'sslkey']) {
      const file = searchParams.get(name);
      if (file !== null) accessSync(file, constants.R_OK);
    }
    return true;
  } catch {
    return false;
  }
}

/**
 * pg takes these modes for verify-full, and says on the standard error, among our JSON, that its next major version will
 * not. They stay as strict as they are.
 */
const verified = (url: string) =>
  /[?&]uselibpqcompat=true(&|$)/.test(url)
    ? url
    : url.replace(/([?&]sslmode=)(?:prefer|require|verify-ca)(?=&|$)/, '$1verify-full');

const databaseUrl = (protocols: RegExp, error: string) =>
  urlOf(protocols, error)
    .refine(hasFiles, 'names a file by sslrootcert, sslcert or sslkey that cannot be read')
    .transform(verified);

const wholeNumber = (from: number, to: number) =>
  z.coerce.number({ error: 'must be a number' }).int().min(from).max(to);

/** Days that something is kept. @param why it cannot be kept for less */
const daysKept = (least: number, why: string) =>
  z.coerce.number({ error: 'must be a number' }).int().min(least, `must be at least ${least}: ${why}`).max(3_650);
/** The same of what may be kept for ever, which 0 is. @param atLeast fewer would take away what is in use still */
const daysOrForEver = (atLeast: number) =>
  wholeNumber(0, 36_500).refine((days) => days === 0 || days >= atLeast, `must be 0 or at least ${atLeast}`);

/**
 * Every setting of the service, by its environment variable. Each app takes those that it needs into its own schema.
 */
export const settings = {
  DATABASE_URL: databaseUrl(/^postgres(ql)?$/, 'must be postgres://user:password@host:port/database'),
  /** The same database as the role that owns its tables. Absent: DATABASE_URL's does. */
  MIGRATION_DATABASE_URL: databaseUrl(
    /^postgres(ql)?$/,
    'must be postgres://user:password@host:port/database',
  ).optional(),
  /** Absent: the queue lives in DATABASE_URL. */
  QUEUE_URL: databaseUrl(
    /^(postgres(ql)?|rediss?)$/,
    'must be the postgres://, redis:// or rediss:// address of one server: see docs/operations.md, The queue in Redis',
  ).optional(),
  /**
   * The address at which WeChat, merchants' browsers and clients reach the api, with the path that a proxy gives it.
   */
  PUBLIC_URL: httpUrl.default('http://127.0.0.1:3000'),
  PORT: wholeNumber(0, 65_535).default(3000),
  HOST: z.string().min(1).default('127.0.0.1'),
  /**
   * Of the worker's health and metrics. Absent: it opens none, so that as many workers as one likes run on a machine.
   */
  WORKER_PORT: wholeNumber(0, 65_535).optional(),
  WORKER_HOST: z.string().min(1).default('127.0.0.1'),
  /** The addresses and ranges whose X-Forwarded-For is believed. Absent: nobody's is. */
  TRUST_PROXY: z
    .string()
    .transform((text) => text.split(',').map((address) => address.trim()))
    .pipe(z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], { error: 'must be addresses or ranges' })))
    .optional(),
  /** Newest first. */
  MASTER_KEYS: z
    .string({ error: 'is required: id:base64(32 bytes), newest first; make one with `openssl rand -base64 32`' })
    .transform((text, context) => {
      try {
        return parseMasterKeys(text);
      } catch (error) {
        context.addIssue(error instanceof Error ? error.message : 'is not a list of keys');
        return z.NEVER;
      }
    }),
  /** Long enough that its plain hash may be stored, if it is random. */
  BOOTSTRAP_API_KEY: z
    .string()
    .regex(/^rk_[A-Za-z0-9_-]{32,128}$/, 'must be rk_ and 32 to 128 letters, digits, "_" or "-"')
    .optional(),
  /** The file for an admin's key, if there is no key yet and none is set. */
  FIRST_KEY_FILE: z.string().min(1).default('./first-admin-key'),
  /**
   * Requests that the keys of one tenant, or one key of the provider, may make of one api process; 0: as many as they
   * like.
   */
  API_RATE_PER_MINUTE: wholeNumber(0, 10_000_000).default(60_000),
  /** Requests of one key that one api process works on at a time, and of one tenant's keys together; 0: no limit. */
  API_AT_ONCE_PER_KEY: wholeNumber(0, 100_000).default(200),
  API_AT_ONCE_PER_TENANT: wholeNumber(0, 100_000).default(400),
  /**
   * The same of those that read or work much: lists and exports, and apart from these imports and takedowns with their
   * dry runs.
   */
  API_DEAR_AT_ONCE_PER_KEY: wholeNumber(0, 100_000).default(4),
  API_DEAR_AT_ONCE_PER_TENANT: wholeNumber(0, 100_000).default(1),
  /** Keys that a tenant may have; 0: as many as its admins like. */
  MAX_KEYS_PER_TENANT: wholeNumber(0, 1_000_000).default(100),
  /** Open deletions of one merchant that one tenant, or one key of the provider, may have asked for; 0: no limit. */
  MAX_PENDING_PER_MERCHANT: wholeNumber(0, 1_000_000_000).default(100_000),
  /** Open deletions of one key of the provider in all, and of one tenant's keys together; 0: no limit. */
  MAX_PENDING_PER_KEY: wholeNumber(0, 1_000_000_000).default(2_000_000),
  MAX_PENDING_PER_TENANT: wholeNumber(0, 1_000_000_000).default(200_000),
  /** A deletion that would leave its lane later than that is refused, unless it says `allow_late`; 0: no limit. */
  MAX_ETA_DAYS: wholeNumber(0, 36_500).default(60),
  /** The limit of one api process; a client beyond it is not let in before another one leaves. */
  API_MAX_CONNECTIONS: wholeNumber(1, 1_000_000).default(5_000),
  WECHAT_API_URL: httpUrl.default('https://api.weixin.qq.com'),
  /** Tried in this order with a call that WECHAT_API_URL did not take. */
  WECHAT_API_FALLBACK_URLS: z
    .string()
    .transform((text) => text.split(',').map((url) => url.trim()))
    .pipe(z.array(httpUrl))
    .default([]),
  WECHAT_MP_URL: httpUrl.default('https://mp.weixin.qq.com'),
  WECHAT_OPEN_URL: httpUrl.default('https://open.weixin.qq.com'),
  /** Off: the authorization page opens by links that were issued, and for nobody else. */
  OPEN_AUTHORIZATION: z.stringbool().default(true),
  /** Pre-auth codes made for those who come without a link, of each platform. */
  OPEN_AUTHORIZATIONS_PER_HOUR: wholeNumber(1, 1_000_000).default(100),
  /** The origins that links may lead merchants back to. Absent: none. */
  RETURN_ORIGINS: z
    .string()
    .transform((text) => text.split(',').map((origin) => origin.trim()))
    .pipe(
      z.array(
        z
          .url({ protocol: /^https$/, error: 'must be https:// origins' })
          .transform((url) => new URL(url))
          .refine(({ href, origin }) => href === `${origin}/`, 'must be origins: https://, a host, and no path')
          .transform(({ origin }) => origin),
      ),
    )
    .default([]),
  /** Either way, so recorded pushes are kept for at least twice that: one that was forgotten would be taken for new. */
  PUSH_MAX_AGE_S: wholeNumber(60, 15 * 86_400).default(86_400),
  /** Days that events can be read from the feed. */
  EVENTS_RETENTION_DAYS: daysKept(3, 'who reads them may be away for a weekend').default(30),
  /** Days that webhooks are shown, and can be sent again, after they have arrived or were given up. */
  WEBHOOK_DELIVERIES_RETENTION_DAYS: daysKept(3, 'what is given up over a weekend is sent again after it').default(30),
  /** Days that pushes, their copies for other systems, and what authorizations came by are kept. */
  CALLBACKS_RETENTION_DAYS: daysKept(2, 'a copy is tried for a day, and authorizations take hours').default(30),
  WORKER_CONCURRENCY: wholeNumber(1, 1_000).default(20),
  DEFAULT_RATE_PER_MINUTE: wholeNumber(1, 100_000).default(60),
  DEFAULT_DAILY_QUOTA: wholeNumber(1, 10_000_000).default(10),
  URGENT_RESERVE: wholeNumber(0, 10_000_000).default(2),
  /**
   * Deletions that have ended with their calls, and takedowns that have finished; 0: for ever. No figure, undo window or
   * look at WeChat reaches back as far as the least.
   */
  DELETIONS_RETENTION_DAYS: daysOrForEver(35).default(1_095),
  /** The lines that takedowns did not accept; 0: as long as the takedown. An upload may last for days. */
  REJECTIONS_RETENTION_DAYS: daysOrForEver(14).default(90),
  /** Off: webhooks go to the internet only. On, whoever may make endpoints reaches what this machine reaches. */
  WEBHOOKS_ALLOW_PRIVATE: z.stringbool().default(false),
  /** `log` is the name that `info` had before. */
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'verbose', 'log'])
    .transform((level) => (level === 'log' ? 'info' : level))
    .default('info'),
  /**
   * Where traces go, by OTLP over HTTP. Absent: there are none. Of these variables, which OpenTelemetry has named, its SDK
   * reads all but this one by itself, as well as those that are not named here.
   */
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl.optional(),
  OTEL_EXPORTER_OTLP_HEADERS: z.string().optional(),
  OTEL_TRACES_SAMPLER: z
    .enum([
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
    ])
    .optional(),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number({ error: 'must be a number' }).min(0).max(1).optional(),
};
