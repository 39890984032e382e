import { Module, type OnApplicationShutdown, type ValueProvider } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SecretBox } from '@app/vault';
import { dataSourceOptions, type DatabaseOptions } from './data-source.js';
import { DatabaseClock } from './database-clock.js';
import { Resealing } from './sealing/resealing.js';
import { SealedColumns } from './sealing/sealed-columns.js';

const DATABASE_OPTIONS = Symbol('DatabaseOptions');

/** Entities are those that the modules of the process name by `TypeOrmModule.forFeature`. */
export type DatabaseModuleOptions = Omit<DatabaseOptions, 'entities'> & { secrets: SecretBox };

/**
 * Postgres and the secrets in it. @nestjs/typeorm provides the data source to all modules, and closes it after them: whoever
 * finishes work at shutdown still needs the database.
 */
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [DATABASE_OPTIONS],
      useFactory: (options: DatabaseModuleOptions) => ({
        ...dataSourceOptions({ ...options, entities: [] }),
        autoLoadEntities: true,
        // A process that cannot begin says why and ends; waiting for the database is done before, by waitForDatabase.
        toRetry: () => false,
      }),
    }),
  ],
  providers: [
    {
      provide: SecretBox,
      inject: [DATABASE_OPTIONS],
      useFactory: ({ secrets }: DatabaseModuleOptions) => secrets,
    },
    SealedColumns,
    Resealing,
    DatabaseClock,
  ],
  exports: [DatabaseClock, Resealing, SealedColumns, SecretBox],
})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(private readonly clock: DatabaseClock) {}

  static settings(options: DatabaseModuleOptions): ValueProvider[] {
    return [{ provide: DATABASE_OPTIONS, useValue: options }];
  }

  async onApplicationShutdown(): Promise<void> {
    await this.clock.stop();
  }
}
