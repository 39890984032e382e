import { Module, type DynamicModule } from '@nestjs/common';
import { BehaviourController } from './control/behaviour.controller.js';
import { ConsentsController } from './control/consents.controller.js';
import { IndexController } from './control/index.controller.js';
import { MerchantsController } from './control/merchants.controller.js';
import { PlatformsController } from './control/platforms.controller.js';
import { RecordsController } from './control/records.controller.js';
import { ReleaseCheckController } from './control/release-check.controller.js';
import { ArticlePageController } from './pages/article-page.controller.js';
import { AuthorizationPageController } from './pages/authorization-page.controller.js';
import { Simulation } from './simulation/simulation.js';

@Module({})
export class SimulatorModule {
  static of(simulation: Simulation): DynamicModule {
    return {
      module: SimulatorModule,
      providers: [{ provide: Simulation, useValue: simulation }],
      controllers: [
        ArticlePageController,
        AuthorizationPageController,
        IndexController,
        PlatformsController,
        MerchantsController,
        ConsentsController,
        BehaviourController,
        RecordsController,
        ReleaseCheckController,
      ],
    };
  }
}
