import { Inject, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { EventsModule } from '@app/events';
import { SecretBox } from '@app/vault';
import { AuthorizerApi, ComponentApi, WechatTransport } from '@app/wechat';
import { AccessTokens } from './tokens/access-tokens.js';
import { AuthorizationLinks } from './onboarding/authorization-links.js';
import { AuthorizerLists } from './grants/authorizer-lists.js';
import { AuthorizerTokens } from './grants/authorizer-tokens.js';
import { CALLBACK_OPTIONS, CallbackInbox, type CallbackOptions } from './callbacks/callback-inbox.js';
import { CallbackProcessing } from './callbacks/callback-processing.js';
import { CallbackLog } from './callbacks/callback-log.js';
import { ComponentTokens } from './platforms/component-tokens.js';
import { Forwards } from './callbacks/forwards.js';
import { GrantExchange } from './grants/grant-exchange.js';
import { EligibilityChanges } from './merchants/eligibility-changes.js';
import { GrantRows } from './merchants/grant-rows.js';
import { Inventory } from './inventory/inventory.js';
import { MassMessageImport } from './inventory/mass-message-import.js';
import { MassMessages } from './inventory/mass-messages.js';
import { MerchantDirectory } from './merchants/merchant-directory.js';
import { Merchants } from './merchants/merchants.js';
import { Onboarding, STATE_SIGNER } from './onboarding/onboarding.js';
import { ONBOARDING_OPTIONS, type OnboardingOptions } from './onboarding/onboarding-options.js';
import { Platforms } from './platforms/platforms.js';
import { PlatformDoctor } from './grants/platform-doctor.js';
import { PlatformUpkeep } from './platforms/platform-upkeep.js';
import { PreAuthCodes } from './onboarding/pre-auth-codes.js';
import { Reconciliation } from './grants/reconciliation.js';
import { TokenLending } from './grants/token-lending.js';

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
      CallbackProcessing,
      ComponentTokens,
      EligibilityChanges,
      Forwards,
      GrantExchange,
      GrantRows,
      Inventory,
      MassMessageImport,
      MassMessages,
      MerchantDirectory,
      Merchants,
      Onboarding,
      PlatformDoctor,
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
