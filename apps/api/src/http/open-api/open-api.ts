import type { INestApplication, Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { z } from 'zod';
import { SessionCookie } from '../access/session-cookie.js';
import { INTRODUCTION, TAGS } from './introduction.js';
import { jsonSchemaOf, type Components } from './json-schema.js';
import { OperationWriter, operationIdOf, type Handler } from './open-api-operations.js';
import { problemSchema } from './problem-answers.js';
import { responseHeaders } from './response-headers.js';
import { describeWebhooks, eventComponent } from './webhook-events.js';

/**
 * `/openapi.json` and a page for people at `/docs`, from the same schemas that requests and answers are checked with.
 */
export function useOpenApi(api: NestFastifyApplication, controllers: readonly Type[], publicUrl: string): void {
  const documentOf = () => describeApi(api, controllers, publicUrl);
  SwaggerModule.setup('docs', api, documentOf, {
    jsonDocumentUrl: 'openapi.json',
    customSiteTitle: 'Retract',
    swaggerOptions: { docExpansion: 'none', defaultModelsExpandDepth: 0 },
  });
}

/** @param api need not be able to work: nothing is asked of it but its routes */
export function describeApi(api: INestApplication, controllers: readonly Type[], publicUrl: string): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setTitle('Retract')
    .setDescription(INTRODUCTION)
    .setVersion('0.1.0')
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .setOpenAPIVersion('3.1.0')
    .addServer(new URL(publicUrl).pathname)
    .addBearerAuth({ type: 'http', description: 'An API key, `rk_…`.' })
    .addSecurityRequirements('bearer')
    .addCookieAuth(
      new SessionCookie(publicUrl).name,
      { type: 'apiKey', in: 'cookie', description: 'A session: `POST /v1/session`.' },
      'session',
    )
    .addSecurityRequirements('session');
  for (const [name, description] of Object.entries(TAGS)) builder.addTag(name, description);
  const bodies = new Map<string, z.ZodType>();
  const document = SwaggerModule.createDocument(api, builder.build(), {
    operationIdFactory: operationIdOf,
    // The converter that comes with it writes for OpenAPI 3.0, in which null is told otherwise.
    standardSchemaConverter: (schema: unknown, { schemaType }: { schemaType: 'input' | 'output' }) => {
      if (!(schema instanceof z.ZodType)) return undefined;
      const converted = jsonSchemaOf(schema, schemaType);
      if (typeof converted.schema.$ref === 'string') bodies.set(converted.schema.$ref, schema);
      return converted;
    },
  });
  const components = (document.components ??= {});
  components.headers = responseHeaders;
  const schemas = (components.schemas ??= {}) as Components;
  const responses: Record<string, object> = {};
  const writer = new OperationWriter(schemas, responses, bodies);
  writer.schemaOf(problemSchema);
  document.webhooks = describeWebhooks((schema) => writer.schemaOf(schema)) as OpenAPIObject['paths'];
  const handlers = handlersOf(controllers);
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(item) as [string, Parameters<OperationWriter['complete']>[0]][]) {
      const handler = handlers.get(operation.operationId ?? '');
      if (handler) writer.complete(operation, method, path, handler);
    }
  }
  // At run time an event may have a type of a newer release; here each type has its own form.
  schemas.Event = eventComponent();
  document.paths = sorted(document.paths);
  components.schemas = sorted(schemas);
  components.responses = sorted(responses) as NonNullable<typeof components.responses>;
  return document;
}

const sorted = <T>(record: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));

/** The method that answers each operation, by its operationId. */
function handlersOf(controllers: readonly Type[]): Map<string, Handler> {
  const handlers = new Map<string, Handler>();
  for (const controller of controllers as readonly Handler['controller'][]) {
    for (const method of Object.getOwnPropertyNames(controller.prototype)) {
      handlers.set(operationIdOf(controller.name, method), { controller, method });
    }
  }
  return handlers;
}
