import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SecretBox } from '@app/vault';
import { dataSourceOptions, type DatabaseOptions } from './data-source.js';
import { SealedColumns } from './sealed-columns.js';

/** Postgres and the secrets in it, for every module of an app. */
@Module({})
export class DatabaseModule {
  static forRoot(options: DatabaseOptions & { secrets: SecretBox }): DynamicModule {
    return {
      module: DatabaseModule,
      global: true,
      imports: [TypeOrmModule.forRoot({ ...dataSourceOptions(options), retryAttempts: 10, retryDelay: 1_000 })],
      providers: [{ provide: SecretBox, useValue: options.secrets }, SealedColumns],
      exports: [TypeOrmModule, SealedColumns, SecretBox],
    };
  }
}
