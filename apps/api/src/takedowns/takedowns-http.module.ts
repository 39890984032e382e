import { Module } from '@nestjs/common';
import { AccessModule } from '@app/access';
import { DeletionsModule } from '@app/deletions';
import { EventsModule } from '@app/events';
import { DeletionsHttpModule } from '../deletions/deletions-http.module.js';
import { EventsHttpModule } from '../events/events-http.module.js';
import { TakedownsLinesController } from './takedowns-lines.controller.js';
import { TakedownStream } from './takedown-stream.js';
import { TakedownsByIdController } from './takedowns-by-id.controller.js';
import { TakedownsController } from './takedowns.controller.js';

@Module({
  imports: [AccessModule, DeletionsModule, DeletionsHttpModule, EventsHttpModule, EventsModule],
  controllers: [TakedownsLinesController, TakedownsController, TakedownsByIdController],
  providers: [TakedownStream],
})
export class TakedownsHttpModule {}
