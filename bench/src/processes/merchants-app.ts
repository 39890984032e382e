import 'reflect-metadata';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DatabaseModule } from '@app/database';
import { MerchantsModule } from '@app/merchants';
import { QueueModule } from '@app/queue';
import { SettingsModule } from '@app/settings';
import { parseMasterKeys, SecretBox } from '@app/vault';

class Root {}

/** The merchants lib by itself, as one process of a deployment has it. */
export function merchantsApp(): Promise<INestApplicationContext> {
  const { DATABASE_URL = '', MASTER_KEYS = '', WECHAT_API_URL = '' } = process.env;
  return NestFactory.createApplicationContext(
    {
      module: Root,
      imports: [
        SettingsModule.of(
          DatabaseModule.settings({
            url: DATABASE_URL,
            applicationName: 'bench-child',
            secrets: new SecretBox(parseMasterKeys(MASTER_KEYS)),
          }),
          QueueModule.settings({ url: DATABASE_URL }),
          MerchantsModule.settings({
            wechat: { baseUrl: WECHAT_API_URL },
            onboarding: {
              publicUrl: WECHAT_API_URL,
              wechatMpUrl: WECHAT_API_URL,
              wechatOpenUrl: WECHAT_API_URL,
              isOpen: true,
              openPerHour: 100,
              returnOrigins: [],
            },
            callbacks: { maxAgeS: 86_400 },
          }),
        ),
        MerchantsModule,
      ],
    },
    { logger: false },
  );
}
