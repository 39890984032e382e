import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { eventsEntities } from './entities.js';
import { Events } from './events.js';

@Module({ imports: [TypeOrmModule.forFeature(eventsEntities)], providers: [Events], exports: [Events] })
export class EventsModule {}
