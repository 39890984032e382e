import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';

/** `/openapi.json` and a page for people at `/docs`, from the same schemas that requests are checked with. */
export function useOpenApi(api: NestFastifyApplication): void {
  const description = new DocumentBuilder()
    .setTitle('Retract')
    .setDescription('Takes back WeChat mass messages on behalf of the merchants who authorized a third-party platform.')
    .setVersion('0.1.0')
    .setOpenAPIVersion('3.1.0')
    .addBearerAuth({ type: 'http', description: 'An API key, rk_…' })
    .addSecurityRequirements('bearer')
    .build();
  SwaggerModule.setup('docs', api, () => SwaggerModule.createDocument(api, description), {
    jsonDocumentUrl: 'openapi.json',
  });
}
