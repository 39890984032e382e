import { z } from 'zod';
import { checkRetention, settings } from '@app/settings';

/** What is required elsewhere may be absent here: the sandbox makes itself a database, master keys and an API key. */
export const sandboxEnvSchema = z
  .object(settings)
  // Where everything is, the sandbox decides itself.
  .omit({
    MIGRATION_DATABASE_URL: true,
    PUBLIC_URL: true,
    WECHAT_API_URL: true,
    WECHAT_API_FALLBACK_URLS: true,
    WECHAT_MP_URL: true,
    WECHAT_OPEN_URL: true,
    // Its parts share a process.
    OTEL_EXPORTER_OTLP_ENDPOINT: true,
    OTEL_EXPORTER_OTLP_HEADERS: true,
    OTEL_TRACES_SAMPLER: true,
    OTEL_TRACES_SAMPLER_ARG: true,
  })
  .extend({
    DATABASE_URL: settings.DATABASE_URL.optional(),
    MASTER_KEYS: settings.MASTER_KEYS.optional(),
    RETRACT_DATA_DIR: z.string().min(1).default('./.data'),
    // Known before the start, for the addresses that WeChat and merchants are sent to.
    PORT: settings.PORT.unwrap().min(1).default(3000),
    SIMULATOR_PORT: z.coerce.number().int().min(0).max(65_535).default(3999),
    // Sixty accounts with messages and takedowns, made on the first start.
    DEMO_DATA: z.stringbool().default(true),
    // Whoever tries webhooks here has the receiver on the same machine.
    WEBHOOKS_ALLOW_PRIVATE: z.stringbool().default(true),
    // The story is told in plain lines; the services' own log lines would drown it.
    LOG_LEVEL: settings.LOG_LEVEL.unwrap().default('error'),
  })
  .superRefine(checkRetention);

export type SandboxEnv = Readonly<z.output<typeof sandboxEnvSchema>>;
