import { Module } from '@nestjs/common';
import { AccessModule } from '@app/access';
import { MerchantsModule } from '@app/merchants';
import { AuthorizationLinksController } from './authorization-links.controller.js';

@Module({ imports: [AccessModule, MerchantsModule], controllers: [AuthorizationLinksController] })
export class AuthorizationLinksHttpModule {}
