import { Module, type ValueProvider } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DatabaseModule } from '@app/database';
import { EventsModule } from '@app/events';
import { MerchantsModule } from '@app/merchants';
import { QueueModule } from '@app/queue';
import { deletionsEntities } from './entities.js';
import { CEILINGS, Ceilings, NO_CEILINGS, type CeilingLimits } from './requests/ceilings.js';
import { DeletionRunner } from './runs/deletion-runner.js';
import { DeletionChanges } from './requests/deletion-changes.js';
import { DeletionIntake } from './requests/deletion-intake.js';
import { DeletionViews } from './requests/deletion-views.js';
import { Dispatcher } from './runs/dispatcher.js';
import { GoneMessages } from './gone/gone-messages.js';
import { FactsWait } from './lanes/facts-wait.js';
import { LaneDispatch } from './lanes/lane-dispatch.js';
import { LaneReports } from './lanes/lane-reports.js';
import { Lanes } from './lanes/lanes.js';
import { PACING_DEFAULTS, type PacingDefaults } from './pacing/pacing-defaults.js';
import { DeletionFigures } from './overview/deletion-figures.js';
import { DeletionTallies } from './overview/deletion-tallies.js';
import { PlatformHolds } from './holds/platform-holds.js';
import { QuotaClearing } from './quota/quota-clearing.js';
import { QuotaLedgers } from './quota/quota-ledgers.js';
import { QuotaReading } from './quota/quota-reading.js';
import { ProofKeys } from './proofs/proof-keys.js';
import { Proofs } from './proofs/proofs.js';
import { KEPT_FOR_EVER, Retention, RETENTION_DAYS, type RetentionDays } from './retention/retention.js';
import { RetryUntilStored } from './runs/retry-until-stored.js';
import { RunRows } from './runs/run-rows.js';
import { RunSteps } from './runs/run-steps.js';
import { TokensToRefresh } from './runs/tokens-to-refresh.js';
import { LaneForecasts } from './lanes/lane-forecasts.js';
import { KnownTargets } from './takedowns/known-targets.js';
import { TakedownDryRun } from './takedowns/takedown-dry-run.js';
import { TakedownCancel } from './takedowns/takedown-cancel.js';
import { TakedownRelease } from './takedowns/takedown-release.js';
import { TakedownTriage } from './takedowns/takedown-triage.js';
import { TakedownIntake } from './takedowns/takedown-intake.js';
import { Takedowns } from './takedowns/takedowns.js';
import { TakedownWatch } from './takedowns/takedown-watch.js';
import { TokenConflicts } from './holds/token-conflicts.js';
import { WorkFigures } from './overview/work-figures.js';
import { Verifications } from './runs/verifications.js';

export interface DeletionsOptions {
  pacing: PacingDefaults;
  /** For those who accept wishes. */
  ceilings?: CeilingLimits;
  /** For those who delete what is old. */
  retention?: RetentionDays;
}

/** What apps use. */
const services = [
  DeletionChanges,
  DeletionFigures,
  DeletionIntake,
  DeletionRunner,
  DeletionTallies,
  DeletionViews,
  Dispatcher,
  FactsWait,
  GoneMessages,
  LaneReports,
  Lanes,
  PlatformHolds,
  ProofKeys,
  Proofs,
  QuotaClearing,
  QuotaLedgers,
  QuotaReading,
  Retention,
  TakedownCancel,
  TakedownDryRun,
  TakedownIntake,
  TakedownRelease,
  Takedowns,
  TakedownTriage,
  TakedownWatch,
  TokensToRefresh,
  Verifications,
  WorkFigures,
];

/** The life of deletions: accepted, paced, run, proven. */
@Module({
  imports: [DatabaseModule, EventsModule, MerchantsModule, QueueModule, TypeOrmModule.forFeature(deletionsEntities)],
  providers: [
    ...services,
    Ceilings,
    KnownTargets,
    LaneDispatch,
    LaneForecasts,
    RetryUntilStored,
    RunRows,
    RunSteps,
    TokenConflicts,
  ],
  exports: services,
})
export class DeletionsModule {
  static settings({ pacing, ceilings = NO_CEILINGS, retention = KEPT_FOR_EVER }: DeletionsOptions): ValueProvider[] {
    return [
      { provide: PACING_DEFAULTS, useValue: pacing },
      { provide: CEILINGS, useValue: ceilings },
      { provide: RETENTION_DAYS, useValue: retention },
    ];
  }
}
