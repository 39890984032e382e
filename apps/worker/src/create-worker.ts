import type { INestApplicationContext, LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { WorkerEnv } from './env.js';
import { WorkerModule } from './worker.module.js';

/** The worker on a migrated database. It takes work from the moment that this returns. */
export function createWorker(env: WorkerEnv, logger: LoggerService): Promise<INestApplicationContext> {
  return NestFactory.createApplicationContext(WorkerModule.forRoot(env), { logger, abortOnError: false });
}
