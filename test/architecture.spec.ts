import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import ts from 'typescript';
import { arrows, rooms } from './support/arrows.mjs';
import { tableUses } from './support/sql-texts.js';
import { foreignReads, tableOwners, unnamedWrites } from './support/tables.js';

const folders = ['libs', 'apps'].flatMap((parent) => readdirSync(parent).map((name) => `${parent}/${name}`));

/** Without what a generator wrote: nobody arranges that by hand. */
function sourcesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.spec.ts') && !path.startsWith('src/generated/'))
    .map((path) => join(folder, path));
}

/** What a file imports, types as well. */
function importsOf(path: string): string[] {
  const statements = readFileSync(path, 'utf8').matchAll(/^(?:import|export)\s(?:[^;'"]*?\sfrom\s)?['"]([^'"]+)['"]/gm);
  return [...statements].map(([, specifier = '']) => specifier);
}

/** How many parameters each constructor in a text has. */
function constructorsOf(path: string, text: string): number[] {
  const counts: number[] = [];
  const visit = (node: ts.Node) => {
    if (ts.isConstructorDeclaration(node)) counts.push(node.parameters.length);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest));
  return counts;
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
        .map((specifier) => {
          const named = normalize(join(dirname(path), specifier.replace(/\.js$/, '')));
          return existsSync(`${named}.tsx`) ? `${named}.tsx` : `${named}.ts`;
        }),
    ]);
    expect(circles(new Map(edges))).toEqual([]);
  });

  it('names every room, and no other, in the table of rooms', () => {
    const named = Object.entries(rooms).flatMap(([base, of]) => Object.keys(of).map((room) => `${base}/${room}`));
    const found = folders.flatMap((folder) =>
      sourcesOf(folder)
        .map((path) => dirname(path))
        .filter((path) => path.startsWith(`${folder}/src/`)),
    );
    expect([...new Set(found)].sort()).toEqual(named.sort());
  });

  it.each(Object.keys(rooms))('has rooms in %s without a circle', (base) => {
    expect(circles(new Map(Object.entries(rooms[base] ?? {})))).toEqual([]);
  });

  it.each(Object.keys(rooms))('names no room of %s that another does not import', (base) => {
    for (const [room, allowed] of Object.entries(rooms[base] ?? {})) {
      const imported = sourcesOf(join(base, room))
        .flatMap((path) =>
          importsOf(path)
            .filter((specifier) => specifier.startsWith('.') && !specifier.endsWith('/errors.js'))
            .map((specifier) => relative(base, join(dirname(path), dirname(specifier)))),
        )
        .filter((folder) => folder !== room);
      expect({ room, allowed: [...allowed].sort() }).toEqual({ room, allowed: [...new Set(imported)].sort() });
    }
  });

  it('lets errors that all rooms of a lib share import nothing', () => {
    for (const path of Object.keys(rooms).map((base) => join(base, 'errors.ts'))) {
      if (existsSync(path)) expect({ path, imports: importsOf(path) }).toEqual({ path, imports: [] });
    }
  });

  it('has no more than fifteen files in a folder; migrations are a list', () => {
    const files = folders
      .flatMap((folder) => sourcesOf(folder))
      .filter((path) => !/\/migrations\/|\.fixture\./.test(path));
    const counts = new Map<string, number>();
    for (const path of files) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
    expect([...counts].filter(([, count]) => count > 15)).toEqual([]);
  });

  it('gives each lib one door', () => {
    for (const folder of folders) {
      const doors = sourcesOf(folder).filter((path) => path.endsWith('/index.ts'));
      expect(doors).toEqual(folder.startsWith('libs/') ? [`${folder}/src/index.ts`] : []);
      for (const door of doors) expect(readFileSync(door, 'utf8')).not.toMatch(/export \*/);
    }
  });

  it('builds every lib and app, and the benches; the console has a builder of its own', () => {
    const { projects } = JSON.parse(readFileSync('nest-cli.json', 'utf8'));
    expect(
      Object.values(projects)
        .map((project: any) => project.root)
        .sort(),
    ).toEqual([...folders.filter((folder) => folder !== 'apps/console'), 'bench'].sort());
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

  it('has no constructor with more than seven parameters', () => {
    const wide = [...folders, 'bench'].flatMap(sourcesOf).flatMap((path) => {
      const counts = constructorsOf(path, readFileSync(path, 'utf8'));
      return counts.filter((count) => count > 7).map((count) => ({ path, count }));
    });
    expect(wide).toEqual([]);
  });

  it.each([
    ['none', 'class A { constructor() {} }', [0]],
    [
      'some, with decorators',
      "class A { constructor(@Inject(X) private readonly x: X, y = f('(,'), z?: [1, 2]) {} }",
      [3],
    ],
    ['two classes', 'class A { constructor(a: string) {} }\nclass B { constructor(a: string, b: string) {} }', [1, 2]],
  ])('counts the parameters of constructors: %s', (_how, text, counts) => {
    expect(constructorsOf('a.ts', text)).toEqual(counts);
  });

  it('has one global module of its own, that of settings', () => {
    const isGlobal = /\bglobal:|@Global\(/;
    const files = folders.flatMap(sourcesOf).filter((path) => isGlobal.test(readFileSync(path, 'utf8')));
    expect(files).toEqual(['libs/settings/src/settings.module.ts']);
  });

  it('keeps no address of a registry in the lockfile', () => {
    expect(readFileSync('package-lock.json', 'utf8')).not.toContain('"resolved"');
    expect(existsSync('.npmrc')).toBe(false);
  });
});

const ownerOf = new Map(Object.entries(tableOwners).flatMap(([lib, tables]) => tables.map((table) => [table, lib])));

/** What a text in a folder does with tables that belong to others. */
function foreignUses(folder: string, text: string): { writes: string[]; reads: string[] } {
  const { writes, reads } = tableUses(text);
  const isForeign = (table = '') => ownerOf.has(table) && ownerOf.get(table) !== folder;
  const unnamed = writes.includes(undefined) && !(folder in unnamedWrites) ? ['a table that is not named'] : [];
  return {
    writes: [...unnamed, ...writes.flatMap((table) => (table !== undefined && isForeign(table) ? table : []))],
    reads: reads.filter((table) => isForeign(table)),
  };
}

describe('the tables', () => {
  const used = folders.map((folder) => {
    // Migrations make the tables of all.
    const sources = sourcesOf(folder).filter((path) => !path.includes('/migrations/'));
    const uses = sources.map((path) => ({ path, ...foreignUses(folder, readFileSync(path, 'utf8')) }));
    return { folder, uses };
  });

  it('each belong to one lib, that which describes them', () => {
    const migrations = sourcesOf('libs/database').filter((path) => path.includes('/migrations/'));
    const made = migrations.flatMap((path) => [...readFileSync(path, 'utf8').matchAll(/^ *CREATE TABLE (\w+)/gm)]);
    const tables = made.map(([, table = '']) => table).sort();
    expect(tables).toContain('deletions');
    expect(Object.values(tableOwners).flat().sort()).toEqual(tables);
    for (const folder of folders) {
      const entities = sourcesOf(folder).flatMap((path) => [
        ...readFileSync(path, 'utf8').matchAll(/@Entity\(\{ name: '(\w+)'/g),
      ]);
      for (const [, table = ''] of entities)
        expect({ table, owner: ownerOf.get(table) }).toEqual({ table, owner: folder });
    }
  });

  it('are written by their owners only', () => {
    const written = used.flatMap(({ uses }) => uses.filter(({ writes }) => writes.length > 0));
    expect(written.map(({ path, writes }) => ({ path, writes }))).toEqual([]);
  });

  it('are read by others only where that is listed with its reason', () => {
    const read = used.map(({ folder, uses }) => [folder, [...new Set(uses.flatMap(({ reads }) => reads))].sort()]);
    const listed = folders.map((folder) => [folder, Object.keys(foreignReads[folder] ?? {}).sort()]);
    expect(Object.fromEntries(read)).toEqual(Object.fromEntries(listed));
    const reasons = [
      ...Object.values(foreignReads).flatMap((reads) => Object.values(reads)),
      ...Object.values(unnamedWrites),
    ];
    for (const reason of reasons) expect(reason).toMatch(/^[A-Z].{20,}\.$/);
  });

  it('are written by SQL alone where they are not described: no lib works with the entities of another', () => {
    const entities = sourcesOf('libs').flatMap((path) => {
      const classes = readFileSync(path, 'utf8').matchAll(/^@Entity\([^]*?^export class (\w+)/gm);
      return [...classes].map(([, name = '']) => name);
    });
    expect(entities).toContain('Merchant');
    for (const path of folders.flatMap(sourcesOf).filter((path) => !path.endsWith('.entity.ts'))) {
      const imports = [...readFileSync(path, 'utf8').matchAll(/^import \{([^}]*)\} from '@app\//gm)];
      const names = imports.flatMap(([, list = '']) => list.split(',').map((name) => name.trim()));
      expect({ path, entities: names.filter((name) => entities.includes(name)) }).toEqual({ path, entities: [] });
    }
  });

  it.each([
    [
      'UPDATE',
      'sql.query(`WITH taken AS (UPDATE merchants m SET state = $1 FROM due RETURNING id) SELECT 1`)',
      'merchants',
    ],
    ['INSERT', 'sql.query("INSERT INTO events (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET id = 2")', 'events'],
    ['DELETE', 'const forget = `DELETE FROM platforms WHERE id = ${bind(id)} AND ${condition}`', 'platforms'],
    [
      'a write within another text',
      'const a = `SELECT ${b ? `1 FROM (UPDATE access_tokens SET x = 1)` : ``}`',
      'access_tokens',
    ],
    ['TRUNCATE', "const empty = 'TRUNCATE TABLE ONLY platforms'", 'platforms'],
    [
      'a table that is put in',
      'for (const table of all) sql.query(`UPDATE ${table} SET x = 1`)',
      'a table that is not named',
    ],
  ])('of others are found to be written by %s', (_how, text, table) => {
    expect(foreignUses('libs/deletions', text).writes).toEqual([table]);
  });

  it.each([
    ['a plain read', 'const q = `SELECT 1 FROM platforms pl WHERE pl.id = $1 FOR UPDATE`', ['platforms']],
    ['a list', 'const q = `UPDATE deletions d SET x = 1 FROM lane, merchants m WHERE m.id = d.id`', ['merchants']],
    ['a subquery', 'const q = `x IN (SELECT y FROM ONLY access_tokens)`', ['access_tokens']],
    ['a fragment', 'const joined = `merchants mine JOIN deletions d ON d.merchant_id = mine.id`', ['merchants']],
    [
      'its own tables, a comment and a word',
      "const q = `SELECT 1 FROM deletions -- FROM platforms\n`; log('from platforms')",
      [],
    ],
    ['a column of that name', 'const q = `SELECT platforms, merchants FROM deletions`', []],
  ])('of others are found to be read: %s', (_how, text, tables) => {
    expect(foreignUses('libs/deletions', text)).toEqual({ writes: [], reads: tables });
  });
});
