export { auditActionWords, auditSubjectWords, keyStateWords, roleNameWords, roleWords } from './access.js';
export { alarmWords, severityWords } from './alarms.js';
export {
  deletionStateWords,
  holdReasonWords,
  outcomeWords,
  proofWords,
  takedownStateWords,
  waitingForWords,
} from './deletions.js';
export { errcodeWords } from './errcodes.js';
export {
  deliveryErrorWords,
  deliveryStateWords,
  endpointDisabledWords,
  endpointStateWords,
  eventTypeWords,
} from './events.js';
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
export { problemWords, type ProblemWords } from './problems.js';
