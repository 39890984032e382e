import { Module, type ValueProvider } from '@nestjs/common';
import { AccessModule } from '@app/access';
import { TelemetryModule } from '@app/telemetry';
import { Door, DOOR_OPTIONS, type DoorOptions } from './door.js';

@Module({ imports: [AccessModule, TelemetryModule], providers: [Door], exports: [Door] })
export class DoorModule {
  static settings(options: DoorOptions): ValueProvider[] {
    return [{ provide: DOOR_OPTIONS, useValue: options }];
  }
}
