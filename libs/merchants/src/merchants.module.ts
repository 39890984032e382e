import { Inject, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { SecretBox } from '@app/vault';
import { AuthorizerApi, ComponentApi, WechatTransport } from '@app/wechat';
import { AccessTokens } from './access-tokens.js';
import { AuthorizerTokens } from './authorizer-tokens.js';
import { CallbackInbox } from './callback-inbox.js';
import { ComponentTokens } from './component-tokens.js';
import { GrantExchange } from './grant-exchange.js';
import { MassMessages } from './mass-messages.js';
import { Merchants } from './merchants.js';
import { Onboarding, ONBOARDING_OPTIONS, STATE_SIGNER, type OnboardingOptions } from './onboarding.js';
import { Platforms } from './platforms.js';

export interface MerchantsOptions {
  transport: WechatTransport;
  onboarding: OnboardingOptions;
}

/** Platforms, grants and tokens, and the connection to WeChat that they are about. */
@Module({})
export class MerchantsModule implements OnApplicationShutdown {
  constructor(@Inject(WechatTransport) private readonly transport: WechatTransport) {}

  static forRoot({ transport, onboarding }: MerchantsOptions): DynamicModule {
    const services = [
      AccessTokens,
      AuthorizerTokens,
      CallbackInbox,
      ComponentTokens,
      GrantExchange,
      MassMessages,
      Merchants,
      Onboarding,
      Platforms,
    ];
    return {
      module: MerchantsModule,
      global: true,
      providers: [
        ...services,
        { provide: WechatTransport, useValue: transport },
        { provide: ComponentApi, useFactory: () => new ComponentApi(transport) },
        { provide: AuthorizerApi, useFactory: () => new AuthorizerApi(transport) },
        { provide: STATE_SIGNER, useExisting: SecretBox },
        { provide: ONBOARDING_OPTIONS, useValue: onboarding },
      ],
      exports: [...services, ComponentApi, AuthorizerApi],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.transport.close();
  }
}
