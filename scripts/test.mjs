// `npm test` runs every test; `npm run test:unit`, `test:int`, `test:e2e` one kind. Further words go to jest.
import { become, ensureBuilt, ensureInstalled } from './lib.mjs';

const [kind, ...rest] = process.argv.slice(2);
const isKind = ['unit', 'int', 'e2e'].includes(kind);
ensureInstalled();
ensureBuilt();
become(
  ['node_modules/jest/bin/jest.js', ...(isKind ? rest : process.argv.slice(2))],
  isKind ? { RETRACT_TESTS: kind } : {},
);
