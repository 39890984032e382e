// A worker process for a test to kill: takes a job, says so on stdout, and never finishes it.
// Plain ESM over dist, because a child process has no jest to compile TypeScript.
import { JobRunner, jobs } from '../../../dist/libs/queue/src/index.js';

const hang = (_data, { jobId }) => {
  console.log(`running ${jobId}`);
  return new Promise(() => setInterval(() => undefined, 1_000));
};
const handlers = Object.fromEntries(Object.keys(jobs).map((name) => [name, hang]));
const runner = new JobRunner(JSON.parse(process.argv[2]), handlers);
await runner.start();
