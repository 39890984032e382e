import { AccessTokenRow } from './access-token.entity.js';
import { AuthorizationCodeRow, UsedAuthorizationState } from './authorization-code.entity.js';
import { CallbackEvent } from './callback-event.entity.js';
import { CallbackForward } from './callback-forward.entity.js';
import { MassMessage, MassMessageArticle } from './mass-message.entity.js';
import { Merchant } from './merchant.entity.js';
import { PlatformRow } from './platform.entity.js';

/** For DatabaseModule.forRoot. */
export const merchantsEntities = [
  AccessTokenRow,
  AuthorizationCodeRow,
  CallbackEvent,
  CallbackForward,
  MassMessage,
  MassMessageArticle,
  Merchant,
  PlatformRow,
  UsedAuthorizationState,
];

export { IS_USABLE_TOKEN } from './access-tokens.js';
export { AuthorizerTokens, type TokenHolder } from './authorizer-tokens.js';
export { CallbackInbox, type Receipt, type ReceivedPush } from './callback-inbox.js';
export { type CallbackChannel } from './callback-event.entity.js';
export { CallbackLog, type RecordedCallback } from './callback-log.js';
export { ComponentTokens } from './component-tokens.js';
export {
  areFactsUnknown,
  eligibilityWarnings,
  ineligibleReasons,
  mayTryAnyway,
  TRIED_ANYWAY,
  type EligibilityWarning,
  type IneligibleReason,
} from './eligibility.js';
export {
  AuthorizationCodeRefused,
  AuthorizationStateRefused,
  GrantLost,
  MerchantNotFound,
  MerchantsError,
  MintPutOff,
  PlatformExists,
  PlatformNotFound,
  PlatformRequired,
  TicketMissing,
  TokenUnavailable,
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
export { Onboarding, type AuthorizationLinks, type OnboardingOptions } from './onboarding.js';
export { PlatformUpkeep } from './platform-upkeep.js';
export { PlatformRow } from './platform.entity.js';
export { Platforms, type Alongside, type Platform, type PlatformSecrets } from './platforms.js';
export { Reconciliation, type ReconciliationReport } from './reconciliation.js';
export { MAX_REFRESH_AHEAD_MS, refreshAheadMs } from './refresh-ahead.js';
export {
  EVERYTHING,
  formOf,
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
