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
export { eventTypeWords } from './events.js';
export { languages, preferredLanguage, type Language, type Words } from './language.js';
export { eligibilityWarningWords, ineligibleReasonWords, merchantStateWords } from './merchants.js';
export { onboardingProblemWords, onboardingWords } from './onboarding.js';
export { permissionSetName } from './permission-sets.js';
export { problemWords, type ProblemWords } from './problems.js';
export { roleWords } from './roles.js';
