import { Module, type DynamicModule, type ValueProvider } from '@nestjs/common';

/**
 * Gives each part of a process what it is told from outside, under a token of that part. It is the one module of ours that is
 * global: the others name in `imports` whose services they use, and need not pass anybody's settings on.
 */
@Module({})
export class SettingsModule {
  /** @param settings each list as the module whose settings they are makes it: `QueueModule.settings(…)` */
  static of(...settings: ValueProvider[][]): DynamicModule {
    const providers = settings.flat();
    return { module: SettingsModule, global: true, providers, exports: providers.map(({ provide }) => provide) };
  }
}
