import { ModulesContainer } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';
import { SessionCookie } from '../access/session-cookie.js';
import { completeOperations, jsonSchemaOf, operationIdOf, type Handler } from './open-api-operations.js';

/**
 * `/openapi.json` and a page for people at `/docs`, from the same schemas that requests and answers are checked with.
 */
export function useOpenApi(api: NestFastifyApplication, publicUrl: string): void {
  const cookie = new SessionCookie(publicUrl);
  const description = new DocumentBuilder()
    .setTitle('Retract')
    .setDescription('Takes back WeChat mass messages on behalf of the merchants who authorized a third-party platform.')
    .setVersion('0.1.0')
    .setOpenAPIVersion('3.1.0')
    .addServer(new URL(publicUrl).pathname)
    .addBearerAuth({ type: 'http', description: 'An API key, rk_…' })
    .addSecurityRequirements('bearer')
    .addCookieAuth(
      cookie.name,
      { type: 'apiKey', in: 'cookie', description: 'A session: POST /v1/session.' },
      'session',
    )
    .addSecurityRequirements('session')
    .build();
  const examples = new Map<string, readonly unknown[]>();
  const options = {
    operationIdFactory: operationIdOf,
    // The converter that comes with it writes for OpenAPI 3.0, in which null is told otherwise.
    standardSchemaConverter: (schema: unknown, { schemaType }: { schemaType: 'input' | 'output' }) => {
      if (!(schema instanceof z.ZodType)) return undefined;
      const converted = jsonSchemaOf(schema, schemaType);
      const given = schema.meta()?.examples;
      if (typeof converted.schema.$ref === 'string' && Array.isArray(given)) examples.set(converted.schema.$ref, given);
      return converted;
    },
  };
  const documentOf = () =>
    completeOperations(SwaggerModule.createDocument(api, description, options), handlersOf(api), examples);
  SwaggerModule.setup('docs', api, documentOf, { jsonDocumentUrl: 'openapi.json' });
}

/** The method that answers each operation, by its operationId. */
function handlersOf(api: NestFastifyApplication): Map<string, Handler> {
  const handlers = new Map<string, Handler>();
  for (const module of api.get(ModulesContainer).values()) {
    for (const { metatype } of module.controllers.values()) {
      if (typeof metatype !== 'function') continue;
      const controller = metatype as Handler['controller'];
      for (const method of Object.getOwnPropertyNames(controller.prototype)) {
        handlers.set(operationIdOf(controller.name, method), { controller, method });
      }
    }
  }
  return handlers;
}
