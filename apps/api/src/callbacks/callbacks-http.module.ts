import { Module } from '@nestjs/common';
import { MerchantsModule } from '@app/merchants';
import { CallbackEventsController } from './callback-events.controller.js';
import { CallbacksController } from './callbacks.controller.js';

@Module({ imports: [MerchantsModule], controllers: [CallbackEventsController, CallbacksController] })
export class CallbacksHttpModule {}
