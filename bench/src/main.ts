// `npm run bench`: plays the scenarios one after the other, prints one table, and keeps a full run in
// docs/benchmarks.md.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Figure } from './figures.js';
import { readOptions, USAGE, type Options } from './options.js';
import { describeMachine, markdown, MARK, sentenceOf, tableOf, type Played } from './report.js';
import { scenarios, type Scenario } from './scenarios/all.js';
import { Servers } from './servers.js';
import { Stage } from './stage.js';

async function main(words: string[]): Promise<number> {
  let options: Options;
  try {
    options = readOptions(words);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return 2;
  }
  if (options.isList) {
    for (const { name, title } of scenarios) console.log(`${name.padEnd(20)} ${title}`);
    return 0;
  }
  const unknown = options.only.filter((name) => !scenarios.some((scenario) => scenario.name === name));
  if (unknown.length > 0) {
    console.error(`There is no scenario ${unknown.join(', ')}: see --list.`);
    return 2;
  }
  return play(
    scenarios.filter(({ name }) => options.only.length === 0 || options.only.includes(name)),
    options,
    words,
  );
}

/** What a shell says of a command that Ctrl-C has ended. */
const LEFT = 130;

/** @returns the exit code */
async function play(chosen: Scenario[], options: Options, words: string[]): Promise<number> {
  const startedAt = performance.now();
  let stage: Stage | undefined;
  let isLeaving = false;
  const leave = () => {
    console.error('\nstopping');
    isLeaving = true;
    void stage?.end();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, leave);
  // The script that started this one is gone, killed perhaps. Listening for it must not keep this one from ending.
  process.once('disconnect', leave);
  process.channel?.unref();
  const servers = await Servers.start(options.filled ?? undefined);
  const played: Played[] = [];
  try {
    for (const scenario of chosen) {
      if (isLeaving) return LEFT;
      console.error(`… ${scenario.name}: ${scenario.title}`);
      stage = new Stage(servers, options.isQuick);
      const figures = await playOne(scenario, stage);
      if (isLeaving) return LEFT;
      played.push({ scenario, figures });
      for (const figure of figures) console.error(`  ${sentenceOf(figure)}`);
    }
    const table = tableOf(played);
    console.log(table);
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    console.log(`\n${seconds} s`);
    if (options.report) {
      const machine = describeMachine(await servers.versions());
      const command = ['npm run bench', ...(words.length > 0 ? ['--', ...words] : [])].join(' ');
      keep(options.report, markdown(played, { machine, command, seconds }));
      console.log(`kept in ${options.report}`);
    }
  } finally {
    await servers.stop();
  }
  const verdicts = played.flatMap(({ figures }) => figures.map(({ verdict }) => verdict));
  return verdicts.includes('failed') || (options.isStrict && verdicts.includes('short')) ? 1 : 0;
}

/** A scenario that fails, or takes too long, is a line that says so. */
async function playOne(scenario: Scenario, stage: Stage): Promise<Figure[]> {
  const limitS = stage.size(scenario.limitS.quick, scenario.limitS.full);
  let timer: NodeJS.Timeout | undefined;
  try {
    const tooLong = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`not done within ${limitS} s`)), limitS * 1000);
    });
    const playing = scenario.play(stage);
    // Its output after its time is over interests nobody.
    playing.catch(() => undefined);
    return await Promise.race([playing, tooLong]);
  } catch (error) {
    const note = error instanceof Error ? error.message : String(error);
    return [{ what: 'failed', ours: '', baseline: '', target: '', verdict: 'failed', note }];
  } finally {
    clearTimeout(timer);
    await stage.end();
  }
}

/** What people wrote above the mark stays. */
function keep(file: string, measured: string): void {
  const [written = ''] = existsSync(file) ? readFileSync(file, 'utf8').split(MARK) : ['# Benchmarks\n\n'];
  writeFileSync(file, written + measured);
}

process.exitCode = await main(process.argv.slice(2));
