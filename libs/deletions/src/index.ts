import { DeletionAttempt } from './deletion-attempt.entity.js';
import { Deletion } from './deletion.entity.js';
import { LaneWake } from './lane-wake.entity.js';
import { AccountLedger } from './account-ledger.entity.js';
import { MerchantPacing } from './merchant-pacing.entity.js';
import { PlatformHold } from './platform-hold.entity.js';
import { PlatformPacing } from './platform-pacing.entity.js';
import { TokenConflict } from './token-conflict.entity.js';
import { Takedown, TakedownItemRow, TakedownLink, TakedownRejectionRow } from './takedown.entity.js';

/** For DatabaseModule.forRoot. */
export const deletionsEntities = [
  Deletion,
  DeletionAttempt,
  LaneWake,
  MerchantPacing,
  AccountLedger,
  PlatformHold,
  PlatformPacing,
  Takedown,
  TakedownItemRow,
  TakedownLink,
  TakedownRejectionRow,
  TokenConflict,
];

export { type DeletionAttempt } from './deletion-attempt.entity.js';
export { DeletionRun } from './deletion-run.js';
export {
  Deletions,
  type DeletionFilter,
  type DeletionView,
  type MerchantAddress,
  type NewDeletion,
} from './deletions.js';
export { DeletionsModule } from './deletions.module.js';
export { Dispatcher } from './dispatcher.js';
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
  TakedownBrokenOff,
  TakedownNotFound,
  TakedownStateConflict,
  QuotaClearsSpent,
  SharedMaterial,
  TargetRefused,
  type SharedArticle,
} from './errors.js';
export { eta } from './eta.js';
export { FactsWait } from './facts-wait.js';
export { type PacingDefaults } from './lane.js';
export { LaneReports, type LaneReport } from './lane-reports.js';
export { Lanes } from './lanes.js';
export { PlatformHolds, type PlatformHoldView } from './platform-holds.js';
export { QuotaClearing } from './quota-clearing.js';
export { QuotaLedgers } from './quota-ledgers.js';
export { QuotaReading } from './quota-reading.js';
export { noteOfProof, type DeletionCounts, type DeletionState, type Proof, type WaitingFor } from './states.js';
export { Verifications } from './verifications.js';
export { articleUrl, decideTarget, parseMsgId, targetColumns, type Target, type TargetRequest } from './target.js';
export {
  TakedownDoor,
  type Decided,
  type DoorOptions,
  type ItemRequest,
  type OpenDoor,
  type Rejection,
  type UrlRequest,
} from './takedown-door.js';
export { TakedownIntake, type NewTakedown, type TakedownItem, type TakedownRejection } from './takedown-intake.js';
export { Takedowns, type TakedownFilter, type TakedownView } from './takedowns.js';
export { TakedownWatch } from './takedown-watch.js';
export { LaneForecasts, type Forecast } from './lane-forecasts.js';
export { TakedownDryRun, type BlastRadius } from './takedown-dry-run.js';
export { hashOfRecord, ProofChain } from './proof-chain.js';
export { proofText, type ProofEnd, type ProofFormat } from './proof-formats.js';
export { Proofs, type ProofRecord } from './proofs.js';
