import { Module } from '@nestjs/common';
import { AccessModule } from '@app/access';
import { MerchantsModule } from '@app/merchants';
import { MassMessagesController } from './mass-messages.controller.js';

@Module({ imports: [AccessModule, MerchantsModule], controllers: [MassMessagesController] })
export class MassMessagesHttpModule {}
