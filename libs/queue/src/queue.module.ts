import { BullModule, getQueueToken } from '@nestjs/bullmq';
import { Module, type ValueProvider } from '@nestjs/common';
import { JobQueues } from './job-queues.js';
import { queueNames } from './jobs.js';
import { CatalogueQueue, CatalogueWorker, QueueConnections, type QueueOptions } from './queue-connections.js';

// Of the process, not of a module: both look at the connections that they are given, and no other BullMQ is used here.
BullModule.queueClass = CatalogueQueue;
BullModule.workerClass = CatalogueWorker;

const QUEUE_OPTIONS = Symbol('QueueOptions');

@Module({
  providers: [
    {
      provide: QueueConnections,
      inject: [QUEUE_OPTIONS],
      useFactory: (options: QueueOptions) => new QueueConnections(options),
    },
  ],
  exports: [QueueConnections],
})
class QueueConnectionsModule {}

const bull = BullModule.registerQueue(...queueNames.map((name) => ({ name })));

/**
 * Provides the catalogue's queues, for themselves (`getQueueToken`) and behind JobQueues. A process that runs jobs provides
 * JobHosts besides, which makes their workers.
 */
@Module({
  imports: [
    QueueConnectionsModule,
    BullModule.forRootAsync({
      imports: [QueueConnectionsModule],
      inject: [QueueConnections],
      // @nestjs/bullmq knows Redis only, and hands this on to our classes without a look at it.
      useFactory: (connection: QueueConnections) => ({ connection: connection as never }),
      // JobHosts does it when everything else is there.
      extraOptions: { manualRegistration: true },
    }),
    bull,
  ],
  providers: [
    {
      provide: JobQueues,
      inject: [QueueConnections, ...queueNames.map((name) => getQueueToken(name))],
      useFactory: (own: QueueConnections, ...queues: CatalogueQueue[]) => new JobQueues(own, queues),
    },
  ],
  exports: [QueueConnectionsModule, bull, JobQueues],
})
export class QueueModule {
  static settings(options: QueueOptions): ValueProvider[] {
    return [{ provide: QUEUE_OPTIONS, useValue: options }];
  }
}
