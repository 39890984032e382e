import { DeletionAttempt } from './deletion/deletion-attempt.entity.js';
import { Deletion } from './deletion/deletion.entity.js';
import { GoneTarget } from './gone/gone-target.entity.js';
import { LaneWake } from './lanes/lane-wake.entity.js';
import { AccountLedger } from './lanes/account-ledger.entity.js';
import { MerchantPacing } from './lanes/merchant-pacing.entity.js';
import { DeletionTally, DeletionTallyMark, DeletionTotal } from './overview/deletion-tally.entity.js';
import { PlatformHold } from './holds/platform-hold.entity.js';
import { PlatformPacing } from './lanes/platform-pacing.entity.js';
import { TokenConflict } from './holds/token-conflict.entity.js';
import { Takedown, TakedownItemRow, TakedownLink, TakedownRejectionRow } from './takedowns/takedown.entity.js';

/** The tables of this lib: for its module, and for tools and tests that open a data source of their own. */
export const deletionsEntities = [
  Deletion,
  DeletionAttempt,
  DeletionTally,
  DeletionTallyMark,
  DeletionTotal,
  GoneTarget,
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
