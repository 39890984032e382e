export { dataSourceOptions, migrate, type DatabaseOptions } from './data-source.js';
export { DatabaseModule } from './database.module.js';
export { prepared } from './prepared.js';
export { binderOf, isOfRows, rows, type Sql, type StatementPart } from './rows.js';
export { SealedColumns, type SealedPlace } from './sealed-columns.js';
