import { Module, type DynamicModule } from '@nestjs/common';
import type { QueueOptions } from './backend.js';
import { JobQueues } from './job-queues.js';

/** Provides JobQueues everywhere. A worker constructs its JobRunner itself: it knows the handlers. */
@Module({})
export class QueueModule {
  static forRoot(options: QueueOptions): DynamicModule {
    return {
      module: QueueModule,
      global: true,
      providers: [{ provide: JobQueues, useFactory: () => new JobQueues(options) }],
      exports: [JobQueues],
    };
  }
}
