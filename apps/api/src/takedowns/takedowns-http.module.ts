import { Module } from '@nestjs/common';
import { AccessModule } from '@app/access';
import { DeletionsModule } from '@app/deletions';
import { EventsModule } from '@app/events';
import { MerchantsModule } from '@app/merchants';
import { DeletionsHttpModule } from '../deletions/deletions-http.module.js';
import { EventsHttpModule } from '../events/events-http.module.js';
import { TakedownsLinesController } from './takedowns-lines.controller.js';
import { TakedownStream } from './takedown-stream.js';
import { TakedownsByIdController } from './takedowns-by-id.controller.js';
import { TakedownsListsController } from './takedowns-lists.controller.js';
import { TakedownsController } from './takedowns.controller.js';

@Module({
  imports: [AccessModule, DeletionsModule, DeletionsHttpModule, EventsHttpModule, EventsModule, MerchantsModule],
  controllers: [TakedownsLinesController, TakedownsController, TakedownsByIdController, TakedownsListsController],
  providers: [TakedownStream],
})
export class TakedownsHttpModule {}
