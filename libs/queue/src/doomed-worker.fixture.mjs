// A worker process for a test to kill: takes a job, says so on stdout, and never finishes it.
// Plain ESM over dist, because a child process has no jest to compile TypeScript.
import 'reflect-metadata';
import { Processor } from '@nestjs/bullmq';
import { NestFactory } from '@nestjs/core';
import { JobHost, JobHosts, jobs, QueueModule, queues } from '../../../dist/libs/queue/src/index.js';
import { SettingsModule } from '../../../dist/libs/settings/src/index.js';

const hang = (_data, { jobId }) => {
  console.log(`running ${jobId}`);
  return new Promise(() => setInterval(() => undefined, 1_000));
};
const typeOf = (queue) => {
  class Host extends JobHost {
    handlers = Object.fromEntries(Object.keys(jobs).map((name) => [name, hang]));
  }
  Processor(queue)(Host);
  return Host;
};
const types = Object.fromEntries(Object.keys(queues).map((queue) => [queue, typeOf(queue)]));

class Root {}
const app = await NestFactory.createApplicationContext(
  {
    module: Root,
    imports: [SettingsModule.of(QueueModule.settings(JSON.parse(process.argv[2]))), QueueModule],
    providers: JobHosts.of(types),
  },
  { logger: false },
);
await app.get(JobHosts).start();
