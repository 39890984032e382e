import { Module } from '@nestjs/common';
import { AccessModule } from '@app/access';
import { DeletionsModule } from '@app/deletions';
import { MerchantsModule } from '@app/merchants';
import { DeletionsController } from './deletions.controller.js';
import { DeletionsByIdController } from './deletions-by-id.controller.js';

@Module({
  imports: [AccessModule, DeletionsModule, MerchantsModule],
  controllers: [DeletionsController, DeletionsByIdController],
})
export class DeletionsHttpModule {}
