import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Remembered } from '@app/concurrency';
import { migrationLevel } from '@app/database';
import { BUILD, type Build } from './build.js';

export interface Live extends Build {
  status: 'ok';
  /** The newest migration that the database has had. Null: it has not told yet. */
  migration: string | null;
}

/** That the process answers, and what it is. A probe waits for nobody: the database is asked beside the answer. */
@Injectable()
export class Liveness implements OnApplicationBootstrap {
  private readonly level: Remembered<string>;

  constructor(
    dataSource: DataSource,
    @Inject(BUILD) private readonly build: Build,
  ) {
    this.level = new Remembered(() => migrationLevel(dataSource), {
      // A newer process may migrate it further.
      freshMs: 30_000,
      deadlineMs: 1_000,
      staleMs: Infinity,
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.level.get();
  }

  state(): Live {
    return { status: 'ok', ...this.build, migration: this.level.known() ?? null };
  }
}
