import { AccessTokenRow } from './access-token.entity.js';
import { AuthorizationCodeRow, UsedAuthorizationState } from './authorization-code.entity.js';
import { AuthorizationLink } from './authorization-link.entity.js';
import { CallbackEvent } from './callback-event.entity.js';
import { CallbackForward } from './callback-forward.entity.js';
import { ImportLimits, LimitedImport, LimitedImportArticle } from './limited-import.entity.js';
import { MassMessage, MassMessageArticle } from './mass-message.entity.js';
import { Merchant } from './merchant.entity.js';
import { PlatformRow } from './platform.entity.js';
import { PreAuthBudget, PreAuthCodeRow } from './pre-auth-code.entity.js';

/** For DatabaseModule.forRoot. */
export const merchantsEntities = [
  AccessTokenRow,
  AuthorizationCodeRow,
  AuthorizationLink,
  CallbackEvent,
  CallbackForward,
  ImportLimits,
  LimitedImport,
  LimitedImportArticle,
  MassMessage,
  MassMessageArticle,
  Merchant,
  PlatformRow,
  PreAuthBudget,
  PreAuthCodeRow,
  UsedAuthorizationState,
];

export { IS_USABLE_TOKEN } from './access-tokens.js';
export { type AuthorizationLink } from './authorization-link.entity.js';
export { AuthorizationLinks, type LinkWish, type NamedMerchant } from './authorization-links.js';
export { AuthorizerTokens, type TokenHolder } from './authorizer-tokens.js';
export { CallbackInbox, type Receipt, type ReceivedPush } from './callback-inbox.js';
export { type CallbackChannel } from './callback-event.entity.js';
export { CallbackLog, type RecordedCallback } from './callback-log.js';
export { countedInventory, type ArticleSource, type CountedInventory } from './counted-inventory.js';
export { ComponentTokens } from './component-tokens.js';
export {
  areFactsUnknown,
  eligibilityWarnings,
  GRANT_GONE,
  MAY_BE_TRIED,
  mayTryAnyway,
  SURELY_REFUSED,
  type EligibilityWarning,
  type IneligibleReason,
} from './eligibility.js';
export {
  AuthorizationCodeRefused,
  AuthorizationLinkOfAnother,
  AuthorizationLinkRefused,
  AuthorizationStateRefused,
  GrantLost,
  MerchantNotFound,
  MerchantsError,
  MintPutOff,
  OpenAuthorizationOff,
  PlatformExists,
  PlatformNotFound,
  PlatformRequired,
  ReturnUrlNotAllowed,
  TicketMissing,
  TokenUnavailable,
  TooManyAuthorizations,
} from './errors.js';
export { isForwardUrl } from './forward-target.js';
export { Forwards } from './forwards.js';
export { GrantExchange } from './grant-exchange.js';
export { Inventory, wasSent, type FoundArticle, type LabelledMessage, type SharedSend } from './inventory.js';
export { lessonOf } from './lessons.js';
export { MassMessageImport, type ImportedMessage } from './mass-message-import.js';
export { MassMessages, type SentMessage } from './mass-messages.js';
export { chooseMerchant, MerchantDirectory, type MerchantCard, type Unchosen } from './merchant-directory.js';
export { Merchant, type MerchantState } from './merchant.entity.js';
export { mayAskForFacts, Merchants, type GrantLesson } from './merchants.js';
export { MerchantsModule, type MerchantsOptions } from './merchants.module.js';
export { Onboarding, type Visit, type WechatLinks } from './onboarding.js';
export { type OnboardingOptions } from './onboarding-options.js';
export { PlatformUpkeep } from './platform-upkeep.js';
export { PlatformRow } from './platform.entity.js';
export { Platforms, type Alongside, type Platform, type PlatformSecrets } from './platforms.js';
export { PreAuthCodes } from './pre-auth-codes.js';
export { Reconciliation, type ReconciliationReport } from './reconciliation.js';
export { MAX_REFRESH_AHEAD_MS, refreshAheadMs } from './refresh-ahead.js';
export {
  EVERYTHING,
  formOf,
  askedWithin,
  inScope,
  isEverything,
  merchantInScope,
  platformInScope,
  reaches,
  type Bind,
  type Scope,
  onPlatformsOf,
} from './scope.js';
export { ticketStateAt, type TicketState } from './ticket-state.js';
export { TokenLending } from './token-lending.js';
