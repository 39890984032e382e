export { merchantsEntities } from './entities.js';
export { IS_USABLE_TOKEN } from './tokens/access-tokens.js';
export { type AuthorizationLink } from './onboarding/authorization-link.entity.js';
export { AuthorizationLinks, type NamedMerchant } from './onboarding/authorization-links.js';
export { AuthorizerTokens, type TokenHolder } from './grants/authorizer-tokens.js';
export { CallbackInbox, type Receipt } from './callbacks/callback-inbox.js';
export { CallbackProcessing } from './callbacks/callback-processing.js';
export { type ReceivedPush } from './callbacks/push-event.js';
export { CallbackLog, type RecordedCallback } from './callbacks/callback-log.js';
export { countedInventory, type CountedInventory } from './inventory/counted-inventory.js';
export { ComponentTokens } from './platforms/component-tokens.js';
export {
  areFactsUnknown,
  eligibilityWarnings,
  GRANT_GONE,
  ineligibleReasonCodes,
  MAY_BE_TRIED,
  mayTryAnyway,
  merchantStates,
  SURELY_REFUSED,
  warningCodes,
  type IneligibleReason,
  type MerchantState,
  type WarningCode,
} from './merchants/eligibility.js';
export {
  AuthorizationLinkOfAnother,
  GrantLost,
  MerchantNotFound,
  MerchantsError,
  MintPutOff,
  PlatformNotFound,
  PlatformRequired,
  TicketMissing,
  TokenUnavailable,
  TooManyAuthorizations,
} from './errors.js';
export { isForwardUrl } from './callbacks/forward-target.js';
export { Forwards } from './callbacks/forwards.js';
export { GrantExchange } from './grants/grant-exchange.js';
export { Inventory, wasSent, type FoundArticle, type LabelledMessage, type SharedSend } from './inventory/inventory.js';
export { GrantRows } from './merchants/grant-rows.js';
export { lessonOf, type GrantLesson } from './merchants/lessons.js';
export { MassMessageImport, type ImportedMessage } from './inventory/mass-message-import.js';
export { mints, type Mint } from './tokens/mints.js';
export { isBySendTime, MassMessages, type MessageKey, type SentMessage } from './inventory/mass-messages.js';
export { chooseMerchant, MerchantDirectory, type MerchantCard } from './merchants/merchant-directory.js';
export { Merchant } from './merchants/merchant.entity.js';
export { mayAskForFacts, Merchants, type MerchantCounts, type MerchantFilter } from './merchants/merchants.js';
export { MerchantsModule } from './merchants.module.js';
export { Onboarding, type Failed, type WechatLinks } from './onboarding/onboarding.js';
export { type CallFailureCode, type Check, type CheckName, type FindingCode } from './grants/diagnosis.js';
export { PlatformDoctor } from './grants/platform-doctor.js';
export { MAX_LOGO_BYTES, readLogo, type Logo } from './platforms/logo.js';
export { PlatformUpkeep } from './platforms/platform-upkeep.js';
export { PlatformRow } from './platforms/platform.entity.js';
export { Platforms, type Alongside, type Platform, type PlatformSecrets } from './platforms/platforms.js';
export { PreAuthCodes } from './onboarding/pre-auth-codes.js';
export { Reconciliation, type ReconciliationReport } from './grants/reconciliation.js';
export { MAX_REFRESH_AHEAD_MS, refreshAheadMs } from './tokens/refresh-ahead.js';
export { merchantInScope } from './merchants/merchants-in-scope.js';
export {
  fewMerchants,
  isInRange,
  isMerchantOf,
  onPlatformsOf,
  type AppidRange,
} from './platforms/platforms-in-scope.js';
export { ticketStateAt } from './platforms/ticket-state.js';
export { TokenLending } from './grants/token-lending.js';
