import { SerializeOptions } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { z } from 'zod';
import { neededRole } from '../access/access.guard.js';

/** A method of a controller. */
export interface Handler {
  controller: { name: string; prototype: object };
  method: string;
}

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type JsonSchema = Record<string, unknown>;
type Components = Record<string, JsonSchema>;

/**
 * `DeletionsController`, `create` → `deletionsCreate`. Generated clients name their methods by it: to them a controller of single
 * resources, `…ByIdController`, or of what is asked of WeChat for one, `…AtWechatController`, is one with that of their list.
 */
export function operationIdOf(controller: string, method: string): string {
  const subject = controller.replace(/(ById|AtWechat)?Controller$/, '');
  return subject.charAt(0).toLowerCase() + subject.slice(1) + method.charAt(0).toUpperCase() + method.slice(1);
}

/** Schemas with an id of their own become components. */
export function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output') {
  const { $schema: _dialect, $defs, ...own } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  const text = JSON.stringify([own, $defs ?? {}]).replaceAll('"#/$defs/', '"#/components/schemas/');
  const [converted, components] = JSON.parse(text) as [JsonSchema, Components];
  return { schema: converted, components };
}

/**
 * The examples of a request's body, by the `$ref` of its schema, which has an id therefore: Swagger keeps only the
 * first one.
 */
export type Examples = ReadonlyMap<string, readonly unknown[]>;

/** Adds what Nest does not know of an operation: examples, answers with their schemas, problems, and who may. */
export function completeOperations(
  document: OpenAPIObject,
  handlers: Map<string, Handler>,
  examples: Examples,
): OpenAPIObject {
  const schemas = ((document.components ??= {}).schemas ??= {}) as Components;
  schemas.Problem = PROBLEM;
  for (const [path, item] of Object.entries(document.paths)) {
    for (const operation of Object.values(item) as Operation[]) {
      const handler = handlers.get(operation.operationId ?? '');
      if (!handler) continue;
      addExamples(operation, examples);
      addAnswers(operation, handler, schemas);
      const role = neededRole(methodOf(handler));
      addProblems(operation, path, role);
      const keys = role === 'any' ? 'any role' : `the role ${role}`;
      if (role) operation.description = `Takes an API key of ${keys}. ${operation.description ?? ''}`.trim();
    }
  }
  return document;
}

function addExamples({ requestBody }: Operation, examplesOf: Examples): void {
  const json = requestBody && 'content' in requestBody ? requestBody.content['application/json'] : undefined;
  const examples = json?.schema && '$ref' in json.schema ? examplesOf.get(json.schema.$ref) : undefined;
  if (!json || !examples) return;
  json.examples = Object.fromEntries(examples.map((value, index) => [`example ${index + 1}`, { value }]));
}

function addAnswers(operation: Operation, handler: Handler, schemas: Components): void {
  const serialized = Reflect.getMetadata(SERIALIZE_OPTIONS, methodOf(handler)) as { schema?: z.ZodType } | undefined;
  for (const [status, answer] of Object.entries(operation.responses)) {
    if (!answer || '$ref' in answer || Number(status) >= 300) continue;
    answer.description ||= status === '204' ? 'Done; nothing more is said.' : 'Done.';
    if (!serialized?.schema || answer.content?.['application/json']) continue;
    const { schema, components } = jsonSchemaOf(serialized.schema, 'output');
    // A component that requests use as well stays as requests have it: names are kept apart in the schemas.
    for (const [name, component] of Object.entries(components)) schemas[name] ??= component;
    answer.content = { 'application/json': { schema }, ...answer.content };
  }
}

/** Of a public route, which takes no key and nothing else, no more is known. @param role that it needs */
function addProblems(operation: Operation, path: string, role: string | undefined): void {
  const problems: Record<string, string> = {
    ...(role && {
      400: 'The request is not of the expected form, or cannot be read.',
      401: 'No valid API key.',
      403: 'The key’s role or limits do not reach so far.',
      ...(path.includes('{') && { 404: 'What the address names is not there, or beyond the key’s limits.' }),
      429: 'Too many requests: see Retry-After.',
    }),
    default: 'Any other problem; its code says which.',
  };
  for (const [status, description] of Object.entries(problems)) {
    operation.responses[status] ??= {
      description,
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    };
  }
}

/** The key under which Nest keeps what `@SerializeOptions` says of a method. */
const SERIALIZE_OPTIONS = SerializeOptions({}).KEY;

const methodOf = ({ controller, method }: Handler) => (controller.prototype as Record<string, object>)[method] ?? {};

const PROBLEM: JsonSchema = {
  type: 'object',
  description: 'RFC 9457. Every code has a page at /docs/problems/{code}.',
  properties: {
    type: { type: 'string', description: 'Address of the page about the code, on the host of the api.' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', description: 'Stable.' },
    detail: { type: 'string' },
    request_id: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: { field: { type: 'string' }, message: { type: 'string' } },
        required: ['field', 'message'],
      },
    },
  },
  required: ['type', 'title', 'status', 'code', 'detail'],
};
