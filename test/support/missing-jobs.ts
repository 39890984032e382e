import { getQueueToken } from '@nestjs/bullmq';
import type { INestApplicationContext } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { jobs, type JobName } from '@app/queue';

/** Those of the ids for which the process's queue holds no job, neither waiting, delayed nor running. */
export async function missingJobs(
  process: INestApplicationContext,
  name: JobName,
  jobIds: readonly string[],
): Promise<string[]> {
  const queue = process.get<Queue>(getQueueToken(jobs[name].queue), { strict: false });
  const states = await Promise.all(jobIds.map((jobId) => queue.getJobState(jobId)));
  return jobIds.filter((_jobId, index) => states[index] === 'unknown');
}
