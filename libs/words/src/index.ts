export { auditActionWords, auditSubjectWords } from './audit.js';
export {
  deletionStateWords,
  holdReasonWords,
  outcomeWords,
  proofWords,
  takedownStateWords,
  waitingForWords,
} from './deletions.js';
export { errcodeWords } from './errcodes.js';
export { eventTypeWords } from './events.js';
export { languages, preferredLanguage, type Language, type Words } from './language.js';
export {
  accountStatusWords,
  eligibilityWarningWords,
  ineligibleReasonWords,
  merchantStateWords,
  serviceTypeWords,
  verifyTypeWords,
} from './merchants.js';
export { onboardingProblemWords, onboardingWords } from './onboarding.js';
export { permissionSetName } from './permission-sets.js';
export { checkStateWords, checkWords, findingWords, remedyWords, ticketStateWords } from './platforms.js';
export { keyStateWords, roleNameWords, roleWords } from './roles.js';
export { deliveryErrorWords, deliveryStateWords, endpointDisabledWords, endpointStateWords } from './webhooks.js';
