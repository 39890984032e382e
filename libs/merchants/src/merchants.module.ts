import { Module, type OnApplicationShutdown, type ValueProvider } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DatabaseModule } from '@app/database';
import { EventsModule } from '@app/events';
import { QueueModule } from '@app/queue';
import { SecretBox } from '@app/vault';
import { AuthorizerApi, ComponentApi, WechatTransport, type WechatTransportOptions } from '@app/wechat';
import { AccessTokens } from './tokens/access-tokens.js';
import { AuthorizationLinks } from './onboarding/authorization-links.js';
import { AuthorizerLists } from './grants/authorizer-lists.js';
import { AuthorizerTokens } from './grants/authorizer-tokens.js';
import { CALLBACK_OPTIONS, CallbackInbox, type CallbackOptions } from './callbacks/callback-inbox.js';
import { CallbackProcessing } from './callbacks/callback-processing.js';
import { CallbackLog } from './callbacks/callback-log.js';
import { ComponentTokens } from './platforms/component-tokens.js';
import { merchantsEntities } from './entities.js';
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
  wechat: WechatTransportOptions;
  onboarding: OnboardingOptions;
  callbacks: CallbackOptions;
}

const WECHAT_OPTIONS = Symbol('WechatOptions');

/** What apps and other libs use. */
const services = [
  AuthorizationLinks,
  AuthorizerTokens,
  CallbackInbox,
  CallbackLog,
  CallbackProcessing,
  ComponentTokens,
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

/** Platforms, grants and tokens, and the connection to WeChat that they are about. */
@Module({
  imports: [DatabaseModule, EventsModule, QueueModule, TypeOrmModule.forFeature(merchantsEntities)],
  providers: [
    ...services,
    AccessTokens,
    AuthorizerLists,
    EligibilityChanges,
    {
      provide: WechatTransport,
      inject: [WECHAT_OPTIONS],
      useFactory: (options: WechatTransportOptions) => new WechatTransport(options),
    },
    {
      provide: ComponentApi,
      inject: [WechatTransport],
      useFactory: (transport: WechatTransport) => new ComponentApi(transport),
    },
    {
      provide: AuthorizerApi,
      inject: [WechatTransport],
      useFactory: (transport: WechatTransport) => new AuthorizerApi(transport),
    },
    { provide: STATE_SIGNER, useExisting: SecretBox },
  ],
  exports: [...services, AuthorizerApi],
})
export class MerchantsModule implements OnApplicationShutdown {
  constructor(private readonly transport: WechatTransport) {}

  static settings({ wechat, onboarding, callbacks }: MerchantsOptions): ValueProvider[] {
    return [
      { provide: WECHAT_OPTIONS, useValue: wechat },
      { provide: ONBOARDING_OPTIONS, useValue: onboarding },
      { provide: CALLBACK_OPTIONS, useValue: callbacks },
    ];
  }

  async onApplicationShutdown(): Promise<void> {
    await this.transport.close();
  }
}
