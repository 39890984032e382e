import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

/** What a Dockerfile makes, as a folder, and how it says that it is run. */
export interface Image {
  /** Has the image's own files alone: what its base image brings, such as Node, is this machine's. */
  root: string;
  workdir: string;
  env: Record<string, string>;
  cmd: string[];
  healthcheck: string[];
}

/**
 * Carries the steps of a Dockerfile out on this machine. Each stage is a folder of its own, in which the absolute paths of its
 * steps are looked for. @param dir where the folders are made @throws on a step that it does not know, or that fails
 */
export function replay(dockerfile: string, dir: string): Image {
  const stages = new Map<string, Image>();
  let stage: Image | undefined;
  for (const { name, rest } of instructionsOf(readFileSync(dockerfile, 'utf8'))) {
    if (name === 'FROM') {
      const as = / AS (\w+)$/.exec(rest)?.[1] ?? 'final';
      stage = { root: join(dir, as), workdir: '/', env: {}, cmd: [], healthcheck: [] };
      mkdirSync(stage.root);
      stages.set(as, stage);
      continue;
    }
    const step = steps[name];
    if (!stage || !step) throw new Error(`${dockerfile}: ${name} is not known here.`);
    step(stage, rest, stages);
  }
  if (!stage) throw new Error(`${dockerfile} has no stage.`);
  return stage;
}

function instructionsOf(text: string): { name: string; rest: string }[] {
  const lines = text.replaceAll(/^#.*\n/gm, '').replaceAll(/\\\n/g, ' ');
  return [...lines.matchAll(/^([A-Z]+) (.*)$/gm)].map(([, name = '', rest = '']) => ({ name, rest }));
}

type Step = (stage: Image, rest: string, stages: Map<string, Image>) => void;

const steps: Record<string, Step> = {
  WORKDIR: (stage, rest) => {
    stage.workdir = rest;
    mkdirSync(join(stage.root, rest), { recursive: true });
  },
  ENV: (stage, rest) => {
    for (const [, name = '', value = ''] of rest.matchAll(/(\w+)=(\S*)/g)) stage.env[name] = value;
  },
  COPY: (stage, rest, stages) => {
    const [, from, paths = ''] = /^(?:--from=(\w+) )?(.*)$/.exec(rest) ?? [];
    const sources = paths.split(' ');
    const target = join(stage.root, stage.workdir, sources.pop() ?? '');
    for (const source of sources) copy(source, target, from ? stages.get(from) : undefined, paths.endsWith('/'));
  },
  RUN: (stage, rest) => {
    // The folders of the image that its steps name.
    const command = rest.replaceAll(/(?<=^|\s)\/(?=app\/|usr\/)/g, `${stage.root}/`);
    mkdirSync(join(stage.root, 'usr/local/bin'), { recursive: true });
    const { status, stdout, stderr } = spawnSync('sh', ['-c', command], {
      cwd: join(stage.root, stage.workdir),
      env: { ...surroundings(), ...stage.env },
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`RUN ${rest}: ${status}\n${stdout}${stderr}`);
  },
  HEALTHCHECK: (stage, rest) => {
    stage.healthcheck = words(rest.replace(/^.* CMD /, ''));
  },
  CMD: (stage, rest) => {
    stage.cmd = words(rest);
  },
  // Given by whoever builds, and by nobody here.
  ARG: () => undefined,
  EXPOSE: () => undefined,
  USER: () => undefined,
};

/** As exec takes them: a form that a shell would read is refused. */
const words = (text: string) => JSON.parse(text) as string[];

function copy(source: string, target: string, from: Image | undefined, isIntoFolder: boolean): void {
  const path = from ? join(from.root, source) : source;
  // What .dockerignore names is not sent to the builder; it has plain names at the top alone.
  const ignored = readFileSync('.dockerignore', 'utf8').trim().split('\n');
  const filter = (file: string) => from !== undefined || !ignored.includes(file);
  const to = isIntoFolder && statSync(path).isFile() ? join(target, basename(path)) : target;
  // As the builder does: by the times of its files, an install is known to be complete.
  cpSync(path, to, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true, filter });
}

/** Of this machine, as far as npm needs it. The run of the tests itself is no part of it. */
function surroundings(): NodeJS.ProcessEnv {
  const isNeeded = (name: string) =>
    /^(PATH|HOME|NODE_EXTRA_CA_CERTS|.*_proxy|npm_config_(registry|cache|userconfig))$/i.test(name);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => isNeeded(name)));
}
