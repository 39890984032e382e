import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { arrows } from './support/arrows.mjs';

const folders = ['libs', 'apps'].flatMap((parent) => readdirSync(parent).map((name) => `${parent}/${name}`));

function sourcesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts'))
    .map((path) => join(folder, path));
}

/** What a file imports when it is loaded; imports of types alone are gone by then. */
function importsOf(path: string): string[] {
  const statements = readFileSync(path, 'utf8').matchAll(
    /^(?:import|export)\s(?!type\s)(?:[^;'"]*?\sfrom\s)?['"]([^'"]+)['"]/gm,
  );
  return [...statements].map(([, specifier = '']) => specifier);
}

/** The circles of a graph, each as the path that closes it. */
function circles(edges: Map<string, string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (node: string, path: string[]) => {
    if (path.includes(node)) found.push([...path.slice(path.indexOf(node)), node].join(' → '));
    if (path.includes(node) || done.has(node)) return;
    for (const next of edges.get(node) ?? []) walk(next, [...path, node]);
    done.add(node);
  };
  for (const node of edges.keys()) walk(node, []);
  return found;
}

describe('the architecture', () => {
  it('has an arrow table that names every lib and app', () => {
    expect(Object.keys(arrows).sort()).toEqual([...folders].sort());
  });

  it('has arrows without a circle', () => {
    const edges = Object.entries(arrows).map(([folder, names]): [string, string[]] => [
      folder,
      names.map((name) => `libs/${name}`),
    ]);
    expect(circles(new Map(edges))).toEqual([]);
  });

  it.each(folders)('has no circle among the files of %s', (folder) => {
    const edges = sourcesOf(folder).map((path): [string, string[]] => [
      path,
      importsOf(path)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => normalize(join(dirname(path), specifier.replace(/\.js$/, '.ts')))),
    ]);
    expect(circles(new Map(edges))).toEqual([]);
  });

  it('gives each lib one door', () => {
    for (const folder of folders) {
      const doors = sourcesOf(folder).filter((path) => path.endsWith('/index.ts'));
      expect(doors).toEqual(folder.startsWith('libs/') ? [`${folder}/src/index.ts`] : []);
      for (const door of doors) expect(readFileSync(door, 'utf8')).not.toMatch(/export \*/);
    }
  });

  it('builds every lib and app, and the benches', () => {
    const { projects } = JSON.parse(readFileSync('nest-cli.json', 'utf8'));
    expect(
      Object.values(projects)
        .map((project: any) => project.root)
        .sort(),
    ).toEqual([...folders, 'bench'].sort());
  });

  it('asks for a schema on every body, query and path parameter of the api', () => {
    const controllers = sourcesOf('apps/api').filter((path) => path.endsWith('.controller.ts'));
    expect(controllers.length).toBeGreaterThan(0);
    for (const path of controllers) {
      const parameters = readFileSync(path, 'utf8').match(/@(Body|Query|Param)\([^)]*\)/g) ?? [];
      expect(parameters.filter((parameter) => !parameter.includes('schema:'))).toEqual([]);
    }
  });

  it('says who may use every route of the api', () => {
    const controllers = sourcesOf('apps/api').filter((path) => path.endsWith('.controller.ts'));
    for (const path of controllers) {
      const text = readFileSync(path, 'utf8');
      const isPublic = /@Public\(\)\s*(@\w+\([^)]*\)\s*)*export class/.test(text);
      const routes = text.match(/@(Get|Post|Patch|Put|Delete)\(/g)?.length ?? 0;
      const rules = text.match(/@(Needs\('\w+'(, '\w+')?\)|Public\(\))/g)?.length ?? 0;
      expect({ path, isCovered: isPublic || rules === routes }).toEqual({ path, isCovered: true });
    }
  });

  it('keeps no address of a registry in the lockfile', () => {
    expect(readFileSync('package-lock.json', 'utf8')).not.toContain('"resolved"');
    expect(existsSync('.npmrc')).toBe(false);
  });
});
