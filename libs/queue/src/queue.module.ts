import { BullModule, getQueueToken } from '@nestjs/bullmq';
import { Module, type DynamicModule } from '@nestjs/common';
import { JobQueues } from './job-queues.js';
import { queueNames } from './jobs.js';
import { CatalogueQueue, CatalogueWorker, QueueConnections, type QueueOptions } from './queue-connections.js';

// Both are settings of the process, not of a module: they look at the connections that they are given, and no other
// BullMQ is used here.
BullModule.queueClass = CatalogueQueue;
BullModule.workerClass = CatalogueWorker;

@Module({})
class QueueConnectionsModule {
  static forRoot(options: QueueOptions): DynamicModule {
    return {
      module: QueueConnectionsModule,
      providers: [{ provide: QueueConnections, useFactory: () => new QueueConnections(options) }],
      exports: [QueueConnections],
    };
  }
}

/**
 * Provides the catalogue's queues, for themselves (`getQueueToken`) and behind JobQueues. A process that runs jobs
 * provides JobHosts besides, which makes their workers.
 */
@Module({})
export class QueueModule {
  static forRoot(options: QueueOptions): DynamicModule {
    const connections = QueueConnectionsModule.forRoot(options);
    const bull = BullModule.registerQueue(...queueNames.map((name) => ({ name })));
    return {
      module: QueueModule,
      global: true,
      imports: [
        connections,
        BullModule.forRootAsync({
          imports: [connections],
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
      exports: [connections, bull, JobQueues],
    };
  }
}
