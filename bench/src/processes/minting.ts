// One process of a deployment that wants a merchant's token.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { DatabaseModule } from '@app/database';
import { EventsModule } from '@app/events';
import { AuthorizerTokens, merchantsEntities, MerchantsModule, type TokenHolder } from '@app/merchants';
import { QueueModule } from '@app/queue';
import { parseMasterKeys, SecretBox } from '@app/vault';
import { WechatTransport } from '@app/wechat';
import { callAtOnce } from './at-once.js';

const { DATABASE_URL = '', MASTER_KEYS = '', WECHAT_API_URL = '', HOLDER = '' } = process.env;
// The bench wrote it.
const holder = JSON.parse(HOLDER) as TokenHolder;

class Root {}

const app = await NestFactory.createApplicationContext(
  {
    module: Root,
    imports: [
      DatabaseModule.forRoot({
        url: DATABASE_URL,
        entities: merchantsEntities,
        applicationName: 'bench',
        secrets: new SecretBox(parseMasterKeys(MASTER_KEYS)),
      }),
      QueueModule.forRoot({ url: DATABASE_URL }),
      EventsModule,
      MerchantsModule.forRoot({
        transport: new WechatTransport({ baseUrl: WECHAT_API_URL }),
        onboarding: { publicUrl: WECHAT_API_URL, wechatMpUrl: WECHAT_API_URL, wechatOpenUrl: WECHAT_API_URL },
      }),
    ],
  },
  { logger: false },
);
const tokens = app.get(AuthorizerTokens);
await callAtOnce(() => tokens.current(holder));
