import { Module } from '@nestjs/common';
import { AccessModule } from '@app/access';
import { DeletionsModule } from '@app/deletions';
import { MerchantsModule } from '@app/merchants';
import { MassMessagesController } from './mass-messages.controller.js';

@Module({ imports: [AccessModule, DeletionsModule, MerchantsModule], controllers: [MassMessagesController] })
export class MassMessagesHttpModule {}
