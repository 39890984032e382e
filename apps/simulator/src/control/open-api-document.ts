import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { Html, html, page } from '../pages/html.js';

/** Serves the control API's description as JSON and as a page. */
export function publishControlApi(app: NestFastifyApplication): void {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('WeChat simulator: control API')
    .setDescription('Platforms, accounts, messages, faults and records of a simulated WeChat. All bodies are JSON.')
    .setVersion('1')
    .build();
  const document = SwaggerModule.createDocument(app, config);
  const fastify = app.getHttpAdapter().getInstance();
  fastify.get('/_control/openapi.json', (_request, reply) => reply.send(document));
  fastify.get('/_control/docs', (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(documentPage(document)),
  );
}

interface Operation {
  summary?: string;
  tags?: string[];
  parameters?: { name: string; in: string }[];
  requestBody?: unknown;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** Every operation with its body's schema; enough to write a curl line. */
function documentPage(document: OpenAPIObject): string {
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method] as Operation | undefined;
      return operation ? [operationSection(method, path, operation)] : [];
    }),
  );
  return page(
    'WeChat simulator: control API',
    html`<h1>${document.info.title}</h1>
      <p>${document.info.description ?? ''} <a href="/_control/openapi.json">openapi.json</a></p>
      ${operations}`,
  );
}

function operationSection(method: string, path: string, { summary, parameters, requestBody }: Operation): Html {
  const query = (parameters ?? []).filter((parameter) => parameter.in === 'query').map(({ name }) => name);
  return html`<details>
    <summary><code>${method.toUpperCase()} ${path}</code> ${summary ?? ''}</summary>
    ${query.length > 0 ? html`<p>Query: ${query.join(', ')}</p>` : html``}
    ${requestBody === undefined ? html`` : html`<pre>${JSON.stringify(requestBody, null, 2)}</pre>`}
  </details> `;
}
