import { Module } from '@nestjs/common';
import { AccessModule } from '@app/access';
import { DeletionsModule } from '@app/deletions';
import { MerchantsModule } from '@app/merchants';
import { PlatformsDoctorController } from './platforms-doctor.controller.js';
import { PlatformsController } from './platforms.controller.js';

@Module({
  imports: [AccessModule, DeletionsModule, MerchantsModule],
  controllers: [PlatformsController, PlatformsDoctorController],
})
export class PlatformsHttpModule {}
