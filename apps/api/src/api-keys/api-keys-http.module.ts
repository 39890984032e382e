import { Module } from '@nestjs/common';
import { AccessModule } from '@app/access';
import { ApiKeysController } from './api-keys.controller.js';
import { MeController } from './me.controller.js';

@Module({ imports: [AccessModule], controllers: [ApiKeysController, MeController] })
export class ApiKeysHttpModule {}
