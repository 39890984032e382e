import { Inject, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { EventsModule } from '@app/events';
import { SecretBox } from '@app/vault';
import { AuthorizerApi, ComponentApi, WechatTransport } from '@app/wechat';
import { AccessTokens } from './access-tokens.js';
import { AuthorizationLinks } from './authorization-links.js';
import { AuthorizerLists } from './authorizer-lists.js';
import { AuthorizerTokens } from './authorizer-tokens.js';
import { CALLBACK_OPTIONS, CallbackInbox, type CallbackOptions } from './callback-inbox.js';
import { CallbackLog } from './callback-log.js';
import { ComponentTokens } from './component-tokens.js';
import { Forwards } from './forwards.js';
import { GrantExchange } from './grant-exchange.js';
import { Inventory } from './inventory.js';
import { MassMessageImport } from './mass-message-import.js';
import { MassMessages } from './mass-messages.js';
import { MerchantDirectory } from './merchant-directory.js';
import { Merchants } from './merchants.js';
import { Onboarding, STATE_SIGNER } from './onboarding.js';
import { ONBOARDING_OPTIONS, type OnboardingOptions } from './onboarding-options.js';
import { Platforms } from './platforms.js';
import { PlatformUpkeep } from './platform-upkeep.js';
import { PreAuthCodes } from './pre-auth-codes.js';
import { Reconciliation } from './reconciliation.js';
import { TokenLending } from './token-lending.js';

export interface MerchantsOptions {
  transport: WechatTransport;
  onboarding: OnboardingOptions;
  callbacks: CallbackOptions;
}

/** Platforms, grants and tokens, and the connection to WeChat that they are about. */
@Module({})
export class MerchantsModule implements OnApplicationShutdown {
  constructor(@Inject(WechatTransport) private readonly transport: WechatTransport) {}

  static forRoot({ transport, onboarding, callbacks }: MerchantsOptions): DynamicModule {
    const services = [
      AccessTokens,
      AuthorizationLinks,
      AuthorizerLists,
      AuthorizerTokens,
      CallbackInbox,
      CallbackLog,
      ComponentTokens,
      Forwards,
      GrantExchange,
      Inventory,
      MassMessageImport,
      MassMessages,
      MerchantDirectory,
      Merchants,
      Onboarding,
      Platforms,
      PlatformUpkeep,
      PreAuthCodes,
      Reconciliation,
      TokenLending,
    ];
    return {
      module: MerchantsModule,
      global: true,
      imports: [EventsModule],
      providers: [
        ...services,
        { provide: WechatTransport, useValue: transport },
        { provide: ComponentApi, useFactory: () => new ComponentApi(transport) },
        { provide: AuthorizerApi, useFactory: () => new AuthorizerApi(transport) },
        { provide: STATE_SIGNER, useExisting: SecretBox },
        { provide: ONBOARDING_OPTIONS, useValue: onboarding },
        { provide: CALLBACK_OPTIONS, useValue: callbacks },
      ],
      exports: [...services, ComponentApi, AuthorizerApi],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.transport.close();
  }
}
