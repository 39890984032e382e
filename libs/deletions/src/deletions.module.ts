import { Module, type DynamicModule } from '@nestjs/common';
import { EventsModule } from '@app/events';
import { CEILINGS, Ceilings, NO_CEILINGS, type CeilingLimits } from './ceilings.js';
import { DeletionRun } from './deletion-run.js';
import { Deletions } from './deletions.js';
import { Dispatcher } from './dispatcher.js';
import { FactsWait } from './facts-wait.js';
import type { PacingDefaults } from './lane.js';
import { LaneReports } from './lane-reports.js';
import { Lanes, PACING_DEFAULTS } from './lanes.js';
import { PlatformHolds } from './platform-holds.js';
import { QuotaClearing } from './quota-clearing.js';
import { QuotaLedgers } from './quota-ledgers.js';
import { QuotaReading } from './quota-reading.js';
import { Proofs } from './proofs.js';
import { Runs } from './runs.js';
import { LaneForecasts } from './lane-forecasts.js';
import { KnownTargets } from './known-targets.js';
import { TakedownDryRun } from './takedown-dry-run.js';
import { TakedownDoor } from './takedown-door.js';
import { TakedownIntake } from './takedown-intake.js';
import { Takedowns } from './takedowns.js';
import { TakedownWatch } from './takedown-watch.js';
import { TokenConflicts } from './token-conflicts.js';
import { Verifications } from './verifications.js';

/** The life of deletions: accepted, paced, run, proven. */
@Module({})
export class DeletionsModule {
  /** @param ceilings for those who accept wishes */
  static forRoot(pacing: PacingDefaults, ceilings: CeilingLimits = NO_CEILINGS): DynamicModule {
    const services = [
      Ceilings,
      DeletionRun,
      Deletions,
      Dispatcher,
      FactsWait,
      KnownTargets,
      LaneReports,
      Lanes,
      PlatformHolds,
      QuotaClearing,
      QuotaLedgers,
      QuotaReading,
      Proofs,
      Runs,
      LaneForecasts,
      TakedownDoor,
      TakedownDryRun,
      TakedownIntake,
      Takedowns,
      TakedownWatch,
      TokenConflicts,
      Verifications,
    ];
    return {
      module: DeletionsModule,
      global: true,
      imports: [EventsModule],
      providers: [
        ...services,
        { provide: PACING_DEFAULTS, useValue: pacing },
        { provide: CEILINGS, useValue: ceilings },
      ],
      exports: services,
    };
  }
}
