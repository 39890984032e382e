import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';

/** Serves the control API's description, as JSON and as a page to try it on. */
export function publishControlApi(app: NestFastifyApplication): void {
  const description = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('WeChat simulator: control API')
    .setDescription('Platforms, accounts, messages, faults and records of a simulated WeChat. All bodies are JSON.')
    .setVersion('1')
    .build();
  SwaggerModule.setup('_control/docs', app, () => SwaggerModule.createDocument(app, description), {
    jsonDocumentUrl: '_control/openapi.json',
    customSiteTitle: description.info.title,
  });
}
