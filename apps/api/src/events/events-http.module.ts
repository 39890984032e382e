import { Module, type ValueProvider } from '@nestjs/common';
import { AccessModule } from '@app/access';
import { EventsModule } from '@app/events';
import { EventsStreamController } from './events-stream.controller.js';
import { EventStream } from './event-stream.js';
import { EventsController } from './events.controller.js';
import { OpenStreams, UNREAD_MS } from './open-streams.js';

@Module({
  imports: [AccessModule, EventsModule],
  controllers: [EventsController, EventsStreamController],
  providers: [EventStream, OpenStreams],
  exports: [OpenStreams],
})
export class EventsHttpModule {
  static settings({ unreadMs }: { unreadMs: number }): ValueProvider[] {
    return [{ provide: UNREAD_MS, useValue: unreadMs }];
  }
}
