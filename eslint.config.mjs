import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import { arrows } from './test/support/arrows.mjs';

// One block per lib and app: an import that is not among its arrows fails with a message that names them.
const boundaries = Object.entries(arrows).map(([folder, allowed]) => ({
  files: [`${folder}/**/*.ts`],
  ignores: ['**/*.spec.ts'],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: `^@app/(?!(${allowed.map((name) => `${name}$`).join('|') || '$.'}))`,
            message: `${folder} may import ${allowed.map((name) => `@app/${name}`).join(', ') || 'nothing of ours'}.`,
          },
          { regex: '^@app/[^/]+/', message: 'A lib has one door: import @app/<lib>.' },
          ...(folder === 'apps/sandbox'
            ? []
            : [{ regex: '^(\\.\\./)+(apps|libs|test)/', message: 'Apps never import apps; libs by alias.' }]),
        ],
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', '.data/**'] },
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
    files: ['**/*.ts'],
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
  ...boundaries,
  {
    // JSON answers are `any` until a test, or the demo, looks at them.
    files: ['test/**/*.ts', '**/*.spec.ts', 'apps/sandbox/src/{demo,http}.ts'],
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
