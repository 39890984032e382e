// One process of a deployment for a test: waits for a line on stdin, lets 200 callers ask for a merchant's token at once,
// and prints how many different answers they got. Plain ESM over dist, because a child process has no jest.
import 'reflect-metadata';
import { once } from 'node:events';
import { NestFactory } from '@nestjs/core';
import { DatabaseModule } from '../../../../dist/libs/database/src/index.js';
import { AuthorizerTokens, MerchantsModule } from '../../../../dist/libs/merchants/src/index.js';
import { QueueModule } from '../../../../dist/libs/queue/src/index.js';
import { SettingsModule } from '../../../../dist/libs/settings/src/index.js';
import { parseMasterKeys, SecretBox } from '../../../../dist/libs/vault/src/index.js';

const { databaseUrl, queueUrl, masterKeys, wechatUrl, merchant } = JSON.parse(process.argv[2]);

class Root {}
const app = await NestFactory.createApplicationContext(
  {
    module: Root,
    imports: [
      SettingsModule.of(
        DatabaseModule.settings({
          url: databaseUrl,
          applicationName: 'test-child',
          secrets: new SecretBox(parseMasterKeys(masterKeys)),
        }),
        QueueModule.settings({ url: queueUrl }),
        MerchantsModule.settings({
          wechat: { baseUrl: wechatUrl },
          onboarding: {
            publicUrl: 'https://retract.example',
            wechatMpUrl: wechatUrl,
            wechatOpenUrl: wechatUrl,
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
const tokens = app.get(AuthorizerTokens);
console.log('ready');
await once(process.stdin, 'data');
const held = await Promise.all(Array.from({ length: 200 }, () => tokens.current(merchant)));
console.log(JSON.stringify([...new Set(held.map(({ version }) => version))]));
await app.close();
process.exit();
