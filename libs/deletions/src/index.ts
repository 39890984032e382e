export { deletionsEntities } from './entities.js';
export { type DeletionAttempt } from './deletion/deletion-attempt.entity.js';
export { DeletionRunner } from './runs/deletion-runner.js';
export { DeletionChanges } from './requests/deletion-changes.js';
export { DeletionIntake, type MerchantAddress, type NewDeletion } from './requests/deletion-intake.js';
export { type DeletionView } from './requests/deletion-view.js';
export { GoneMessages, type Gone, type GoneBy } from './gone/gone-messages.js';
export { DeletionViews, isByEnd, type DeletionFilter, type DeletionPlace } from './requests/deletion-views.js';
export { DeletionsModule } from './deletions.module.js';
export {
  DeletionFigures,
  quotaLeft,
  type AccountQuotas,
  type ConflictCount,
  type OpenCount,
  type QuotaLeft,
} from './overview/deletion-figures.js';
export { DeletionTallies } from './overview/deletion-tallies.js';
export { laneWaits, WorkFigures, type EndedTotal, type LaneWait, type Pulse } from './overview/work-figures.js';
export { pointsOf, SPAN_STEP_MS, spansAt, totalOf, type Point, type Span, type SpanName } from './overview/spans.js';
export { Dispatcher } from './runs/dispatcher.js';
export {
  DeletionNotFound,
  DeletionsError,
  EtaTooLate,
  DeletionStateConflict,
  LimitsNotYours,
  MerchantNotEligible,
  NothingAccepted,
  NotYours,
  PendingTooMany,
  PeriodNotKept,
  PeriodNotOver,
  ProofKeyUnknown,
  TakedownBrokenOff,
  TakedownNotFound,
  TakedownStateConflict,
  QuotaClearsSpent,
  SharedMaterial,
  TargetRefused,
  type SharedArticle,
} from './errors.js';
export { eta } from './pacing/eta.js';
export { FactsWait } from './lanes/facts-wait.js';
export { type PacingDefaults } from './pacing/pacing-defaults.js';
export { LaneReports, type LaneReport } from './lanes/lane-reports.js';
export { dispatchLooks, LaneDispatch, type DispatchLook } from './lanes/lane-dispatch.js';
export { Lanes } from './lanes/lanes.js';
export { holdReasons } from './holds/platform-hold.entity.js';
export { PlatformHolds, type PlatformHoldView } from './holds/platform-holds.js';
export { QuotaClearing } from './quota/quota-clearing.js';
export { QuotaLedgers } from './quota/quota-ledgers.js';
export { QuotaReading } from './quota/quota-reading.js';
export {
  deletionStates,
  noteOfProof,
  proofs,
  waitingFor,
  type DeletionCounts,
  type DeletionState,
  type Proof,
  type WaitingFor,
} from './deletion/states.js';
export { firstCalls, leading, runsEnded, type FirstCall, type Leading, type RunEnded } from './runs/run-events.js';
export { Retention, type RetentionDays } from './retention/retention.js';
export { TokensToRefresh } from './runs/tokens-to-refresh.js';
export { Verifications } from './runs/verifications.js';
export {
  articleUrl,
  decideTarget,
  parseMsgId,
  targetColumns,
  type Target,
  type TargetRequest,
  WHOLE_MESSAGE,
} from './deletion/target.js';
export {
  TakedownTriage,
  type Triaged,
  type TriageOptions,
  type ItemRequest,
  type UploadTriage,
  type Rejection,
  type UrlRequest,
} from './takedowns/takedown-triage.js';
export { TakedownCancel } from './takedowns/takedown-cancel.js';
export { TakedownIntake } from './takedowns/takedown-intake.js';
export {
  type NewTakedown,
  type TakedownBatch,
  type TakedownItem,
  type TakedownRejection,
} from './takedowns/takedown-item.js';
export { TakedownRelease } from './takedowns/takedown-release.js';
export { type TakedownProgress } from './takedowns/kept-progress.js';
export { Takedowns, type TakedownFilter, type TakedownView } from './takedowns/takedowns.js';
export { takedownStates } from './takedowns/takedown-states.js';
export { TakedownWatch } from './takedowns/takedown-watch.js';
export { LaneForecasts, type Forecast } from './lanes/lane-forecasts.js';
export { TakedownDryRun, type BlastRadius } from './takedowns/takedown-dry-run.js';
export { hashOfRecord, ProofChain } from './proofs/proof-chain.js';
export { proofText, type ProofFormat } from './proofs/proof-formats.js';
export { ProofKeys, type ProofKeyChange, type PublicProofKey, type SigningKey } from './proofs/proof-keys.js';
export { signEnd, type ProofEnd, type SignatureRecord } from './proofs/proof-signature.js';
export { periodName, type Period } from './proofs/period.js';
export { Proofs, type ProofRecord } from './proofs/proofs.js';
export { type HoldReason } from './holds/platform-hold.entity.js';
export { type TakedownState } from './takedowns/takedown-states.js';
