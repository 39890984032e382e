import type { Figure } from '../figures.js';
import type { Stage } from '../stage.js';
import { accept } from './accept.js';
import { callbacks } from './callbacks.js';
import { full } from './full.js';
import { mints } from './mints.js';
import { neighbours } from './neighbours.js';
import { post } from './post.js';
import { quiet } from './quiet.js';
import { statements } from './statements.js';
import { steady, twoWorkers } from './steady.js';
import { takedown } from './takedown.js';
import { waiting } from './waiting.js';

export interface Scenario {
  name: string;
  title: string;
  /** Longer than this it may not take, in seconds. */
  limitS: { quick: number; full: number };
  play: (stage: Stage) => Promise<Figure[]>;
}

/** In the order of the table. */
export const scenarios: Scenario[] = [
  {
    name: 'steady',
    title: 'steady deletions, against a minimal BullMQ worker',
    limitS: { quick: 60, full: 600 },
    play: steady,
  },
  {
    name: 'two-workers',
    title: 'steady deletions by two workers, against one',
    limitS: { quick: 60, full: 600 },
    play: twoWorkers,
  },
  {
    name: 'takedown',
    title: 'one deletion of each of 10,000 merchants, against what the calls alone take',
    limitS: { quick: 60, full: 900 },
    play: takedown,
  },
  {
    name: 'quiet',
    title: 'how long quiet merchants wait while another floods, against how long they wait alone',
    limitS: { quick: 60, full: 900 },
    play: quiet,
  },
  {
    name: 'mints',
    title: 'tokens minted for 4 processes × 1,000 callers at once, against the two that it takes',
    limitS: { quick: 60, full: 120 },
    play: mints,
  },
  {
    name: 'accept',
    title: '100,000 deletions taken in as one takedown in NDJSON, against COPY of the same rows',
    limitS: { quick: 60, full: 600 },
    play: accept,
  },
  {
    name: 'post',
    title: 'single POST /v1/deletions, against Nest on Fastify with one INSERT',
    limitS: { quick: 60, full: 600 },
    play: post,
  },
  {
    name: 'neighbours',
    title: 'a key beside a tenant that asks for lists and dry runs as fast as it can, against the key alone',
    limitS: { quick: 120, full: 600 },
    play: neighbours,
  },
  {
    name: 'callbacks',
    title: 'pushes verified, decrypted, told from duplicates and stored, against decrypting and one INSERT',
    limitS: { quick: 60, full: 600 },
    play: callbacks,
  },
  {
    name: 'waiting',
    title: 'rate and memory of a worker with 1,000,000 deletions waiting, against 1,000',
    limitS: { quick: 90, full: 1_500 },
    play: waiting,
  },
  {
    name: 'full',
    title: 'steady deletions in a database that is full of what is finished, against an empty one',
    limitS: { quick: 300, full: 5_400 },
    play: full,
  },
  {
    name: 'statements',
    title: 'SQL statements and WAL of a deletion',
    limitS: { quick: 60, full: 300 },
    play: statements,
  },
];
