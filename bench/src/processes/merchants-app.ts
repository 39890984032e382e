import 'reflect-metadata';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DatabaseModule } from '@app/database';
import { EventsModule } from '@app/events';
import { merchantsEntities, MerchantsModule } from '@app/merchants';
import { QueueModule } from '@app/queue';
import { parseMasterKeys, SecretBox } from '@app/vault';
import { WechatTransport } from '@app/wechat';

class Root {}

/** The merchants lib by itself, as one process of a deployment has it. */
export function merchantsApp(): Promise<INestApplicationContext> {
  const { DATABASE_URL = '', MASTER_KEYS = '', WECHAT_API_URL = '' } = process.env;
  return NestFactory.createApplicationContext(
    {
      module: Root,
      imports: [
        DatabaseModule.forRoot({
          url: DATABASE_URL,
          entities: merchantsEntities,
          applicationName: 'bench-child',
          secrets: new SecretBox(parseMasterKeys(MASTER_KEYS)),
        }),
        QueueModule.forRoot({ url: DATABASE_URL }),
        EventsModule,
        MerchantsModule.forRoot({
          transport: new WechatTransport({ baseUrl: WECHAT_API_URL }),
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
      ],
    },
    { logger: false },
  );
}
