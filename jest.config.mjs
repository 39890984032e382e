import { readFileSync, readdirSync } from 'node:fs';

// Nest 12 and some of its dependencies ship ES modules only, and jest's require() cannot load those before Node 24.9:
// they are compiled to CommonJS like our own sources. Without this: "Cannot use import statement outside a module".
const esmOnly = [];
const scan = (dir, prefix = '') => {
  for (const name of readdirSync(dir)) {
    if (name.startsWith('.')) continue;
    if (name.startsWith('@') && !prefix) {
      scan(`${dir}/${name}`, `${name}/`);
      continue;
    }
    let manifest;
    try {
      manifest = JSON.parse(readFileSync(`${dir}/${name}/package.json`, 'utf8'));
    } catch {
      continue;
    }
    if (manifest.type === 'module') esmOnly.push(prefix + name);
  }
};
scan('node_modules');
// It imports such a module while it runs. Without this: "A dynamic import callback was invoked without …".
esmOnly.push('@fastify/cookie');

const swc = {
  jsc: {
    target: 'es2022',
    keepClassNames: true,
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
  },
  module: { type: 'commonjs' },
  sourceMaps: 'inline',
  swcrc: false,
};

const kinds = {
  unit: '<rootDir>/{apps,libs,test,bench}/**/!(*.int).spec.ts',
  int: '<rootDir>/{apps,libs,test,bench}/**/*.int.spec.ts',
  e2e: '<rootDir>/test/**/*.e2e-spec.ts',
};
const kind = process.env.RETRACT_TESTS;
// Unit tests touch nothing, so they start nothing.
const servers =
  kind === 'unit'
    ? {}
    : {
        globalSetup: '<rootDir>/test/support/global-setup.mjs',
        globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
      };

export default {
  rootDir: '.',
  testEnvironment: 'node',
  testMatch: kind ? [kinds[kind]] : Object.values(kinds),
  // For what never ends: of a machine that is slow, nothing is to be told.
  testTimeout: 300_000,
  maxWorkers: 2,
  // What test files leave behind makes each collection longer.
  workerIdleMemoryLimit: '600MB',
  reporters: ['default', '<rootDir>/test/support/closing-line-reporter.mjs'],
  transform: {
    // Nobody steps through a dependency, and its map is longer than itself.
    '/node_modules/.+\\.(js|mjs)$': ['@swc/jest', { ...swc, sourceMaps: false }],
    '^.+\\.(ts|js|mjs)$': ['@swc/jest', swc],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly.join('|')})/)`, '<rootDir>/dist/'],
  moduleNameMapper: { '^@app/([^/]+)$': '<rootDir>/libs/$1/src/index.ts', '^(\\.{1,2}/.*)\\.js$': '$1' },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.data/'],
  ...servers,
};
