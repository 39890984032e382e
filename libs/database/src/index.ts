export { dataSourceOptions, migrate, type DatabaseOptions } from './data-source.js';
export { DatabaseClock } from './database-clock.js';
export { DatabaseModule } from './database.module.js';
export { prepared } from './prepared.js';
export { binderOf, isOfRows, rows, type Sql, type StatementPart } from './rows.js';
export { SealedColumns, type SealedPlace } from './sealed-columns.js';
export { databaseShortage, type DatabaseShortage } from './shortage.js';
export { tryWrite } from './try-write.js';
export { isDatabaseAway, PoolerBetween, prepareDatabase, whyNotStarted } from './why-not-started.js';
