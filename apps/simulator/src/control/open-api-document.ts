import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

export function describeControlApi(app: NestFastifyApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('WeChat simulator: control API')
    .setDescription('Platforms, accounts, messages, faults and records of a simulated WeChat. All bodies are JSON.')
    .setVersion('1')
    .build();
  return SwaggerModule.createDocument(app, config);
}
