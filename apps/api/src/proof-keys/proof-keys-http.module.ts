import { Module } from '@nestjs/common';
import { DeletionsModule } from '@app/deletions';
import { ProofKeysController } from './proof-keys.controller.js';

@Module({ imports: [DeletionsModule], controllers: [ProofKeysController] })
export class ProofKeysHttpModule {}
