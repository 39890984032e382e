import { Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { SecretBox } from '@app/vault';
import { dataSourceOptions, type DatabaseOptions } from './data-source.js';
import { DatabaseClock } from './database-clock.js';
import { Resealing } from './sealing/resealing.js';
import { SealedColumns } from './sealing/sealed-columns.js';

/**
 * Postgres and the secrets in it, for every module of an app. Import it before the others: Nest closes modules in the
 * opposite order, and whoever finishes work at shutdown still needs the database.
 */
@Module({})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: DatabaseClock,
  ) {}

  static forRoot(options: DatabaseOptions & { secrets: SecretBox }): DynamicModule {
    return {
      module: DatabaseModule,
      global: true,
      providers: [
        { provide: DataSource, useFactory: () => new DataSource(dataSourceOptions(options)).initialize() },
        { provide: SecretBox, useValue: options.secrets },
        SealedColumns,
        Resealing,
        DatabaseClock,
      ],
      exports: [DataSource, DatabaseClock, Resealing, SealedColumns, SecretBox],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.clock.stop();
    await this.dataSource.destroy();
  }
}
