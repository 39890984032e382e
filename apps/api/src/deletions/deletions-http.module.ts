import { Module } from '@nestjs/common';
import { AccessModule } from '@app/access';
import { DeletionsModule } from '@app/deletions';
import { MerchantsModule } from '@app/merchants';
import { DeletionsController } from './deletions.controller.js';
import { DeletionsByIdController } from './deletions-by-id.controller.js';
import { ProofAnswers } from './proof-answer.js';
import { ProofsController } from './proofs.controller.js';

@Module({
  imports: [AccessModule, DeletionsModule, MerchantsModule],
  controllers: [DeletionsController, DeletionsByIdController, ProofsController],
  providers: [ProofAnswers],
  // A takedown's proof is answered alike.
  exports: [ProofAnswers],
})
export class DeletionsHttpModule {}
