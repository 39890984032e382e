import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import reactHooks from 'eslint-plugin-react-hooks';
import { posix } from 'node:path';
import { arrows, rooms } from './test/support/arrows.mjs';

const oneDoor = { regex: '^@app/[^/]+/', message: 'A lib has one door: import @app/<lib>.' };
const onlyByAlias = { regex: '^(\\.\\./)+(apps|libs|test)/', message: 'Apps never import apps; libs by alias.' };

/** What a lib or an app may import. */
const patternsOf = (folder) => [
  {
    regex: `^@app/(?!(${arrows[folder].map((name) => `${name}$`).join('|') || '$.'}))`,
    message: `${folder} may import ${arrows[folder].map((name) => `@app/${name}`).join(', ') || 'nothing of ours'}.`,
  },
  oneDoor,
  ...(folder === 'apps/sandbox' ? [] : [onlyByAlias]),
];

/** What a room may import besides: files of its own, of the rooms it names, and the errors of its lib. */
const patternsWithin = (room, allowed) => {
  const paths = [
    ...allowed.map((other) => `${posix.relative(room, other)}/[^/]+$`),
    `${posix.relative(room, '')}/errors\\.js$`,
  ];
  return {
    regex: `^\\.\\./(?!(${paths.map((path) => path.slice('../'.length)).join('|')}))`,
    message: `The room ${room} may import ${allowed.join(', ') || 'no other room'}.`,
  };
};

// One block per lib, app and room: an import that is not among its arrows fails with a message that names them.
const block = (folder, patterns) => ({
  files: [`${folder}/**/*.{ts,tsx}`],
  ignores: ['**/*.{spec,fixture}.ts'],
  rules: { 'no-restricted-imports': ['error', { patterns }] },
});
const boundaries = [
  ...Object.keys(arrows).map((folder) => block(folder, patternsOf(folder))),
  ...Object.entries(rooms).flatMap(([base, of]) =>
    Object.entries(of).map(([room, allowed]) =>
      block(`${base}/${room}`, [...patternsOf(posix.dirname(base)), patternsWithin(room, allowed)]),
    ),
  ),
];

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', '.data/**', 'libs/client/src/generated/**'] },
  js.configs.recommended,
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'console',
          'process',
          'setTimeout',
          'clearTimeout',
          'setInterval',
          'URL',
          'fetch',
          'Buffer',
          'performance',
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/only-throw-error': 'error',
      // Nest modules are classes that carry nothing but their decorator.
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  { files: ['apps/console/**/*.{ts,tsx}'], ...reactHooks.configs.flat['recommended-latest'] },
  {
    files: ['apps/console/**/*.tsx'],
    ignores: ['apps/console/src/ui/button.tsx'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "ImportDeclaration[source.value='tdesign-react'] ImportSpecifier[imported.name='Button']",
          message: 'Take the Button of ui/: that of TDesign is a <div> while it is disabled.',
        },
      ],
    },
  },
  ...boundaries,
  {
    // JSON answers are `any` until a test, or the demo, looks at them.
    files: ['test/**/*.ts', '**/*.spec.ts', 'apps/sandbox/src/{demo,demo-data,doors}.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-explicit-any': 'off',
    },
  },
);
