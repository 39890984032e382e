import { Module } from '@nestjs/common';
import { AccessModule } from '@app/access';
import { AuditEventsController } from './audit-events.controller.js';

@Module({ imports: [AccessModule], controllers: [AuditEventsController] })
export class AuditHttpModule {}
