import { Processor } from '@nestjs/bullmq';
import { Logger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { SettingsModule } from '@app/settings';
import { JobHost, type JobHandler, type JobHandlers } from './job-host.js';
import { JobHosts, type JobHostTypes } from './job-hosts.js';
import { jobs, queueNames, type JobName, type QueueName } from './jobs.js';
import type { QueueOptions } from './queue-connections.js';
import { QueueModule } from './queue.module.js';

/** Hosts of every queue of the catalogue, whose jobs do nothing but what a test says. */
export function hostTypes(handlers: Partial<{ [N in JobName]: JobHandler<N> }> = {}): JobHostTypes {
  const typeOf = (queue: QueueName) => {
    const names = (Object.keys(jobs) as JobName[]).filter((name) => jobs[name].queue === queue);
    @Processor(queue)
    class Host extends JobHost<QueueName> {
      protected readonly handlers = Object.fromEntries(
        names.map((name) => [name, handlers[name] ?? (() => Promise.resolve())]),
      ) as unknown as JobHandlers<QueueName>;
    }
    return Host;
  };
  // One type per name: more than fromEntries tells the compiler.
  return Object.fromEntries(queueNames.map((queue) => [queue, typeOf(queue)])) as unknown as JobHostTypes;
}

/** An application with the queue's module, and with hosts that do not run yet. */
export async function anApp(options: QueueOptions, types = hostTypes()): Promise<TestingModule> {
  const app = await Test.createTestingModule({
    imports: [SettingsModule.of(QueueModule.settings(options)), QueueModule],
    providers: JobHosts.of(types),
  }).compile();
  // Nest's testing module installs a logger of its own.
  Logger.overrideLogger(false);
  return app.init();
}
