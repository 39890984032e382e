export { askedWithin, inScope } from './scope-condition.js';
export { EVERYTHING, formOf, isEverything, isWithin, reaches, type Scope } from './scope.js';
