import { AccessTokenRow } from './tokens/access-token.entity.js';
import { AuthorizationCodeRow, UsedAuthorizationState } from './grants/authorization-code.entity.js';
import { AuthorizationLink } from './onboarding/authorization-link.entity.js';
import { CallbackEvent } from './callbacks/callback-event.entity.js';
import { CallbackForward } from './callbacks/callback-forward.entity.js';
import { ImportLimits, LimitedImport, LimitedImportArticle } from './inventory/limited-import.entity.js';
import { MassMessage, MassMessageArticle } from './inventory/mass-message.entity.js';
import { Merchant } from './merchants/merchant.entity.js';
import { PlatformRow } from './platforms/platform.entity.js';
import { PreAuthBudget, PreAuthCodeRow } from './onboarding/pre-auth-code.entity.js';

/** The tables of this lib: for its module, and for tools and tests that open a data source of their own. */
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
