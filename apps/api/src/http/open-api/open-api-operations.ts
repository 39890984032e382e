import { SerializeOptions } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { z } from 'zod';
import { isUnlimited, neededRole, weightOf } from '../access/access.guard.js';
import { longLists } from '../bodies/long-lists.js';
import { CSV_BODY_TYPE, NDJSON_TYPES, takesLines } from '../bodies/media-types.js';
import { jsonSchemaOf, linesOf, type Components } from './json-schema.js';
import { describedOperation, type DescribedAnswer, type DescribedOperation, type JsonSchema } from './operation.js';
import { headerRefs, problemAnswers, problemsOfKind, RATE_HEADERS } from './problem-answers.js';

/** A method of a controller. */
export interface Handler {
  controller: { name: string; prototype: object };
  method: string;
}

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

/**
 * `DeletionsController`, `create` → `deletionsCreate`. Generated clients name their methods by it: to them the further controllers of
 * a subject, such as `…ByIdController` of single resources, are one with that of its list.
 */
export function operationIdOf(controller: string, method: string): string {
  const subject = controller.replace(/(ById|AtWechat|Doctor|Lines|Lists|Quota|Stream)?Controller$/, '');
  return subject.charAt(0).toLowerCase() + subject.slice(1) + method.charAt(0).toUpperCase() + method.slice(1);
}

/** The schemas of bodies by their `$ref`: they have an id therefore. Swagger keeps but the first of their examples. */
export type BodySchemas = ReadonlyMap<string, z.ZodType>;

/** Adds to an operation what Nest does not know of it: its text, examples, answers, problems, headers, and who may. */
export class OperationWriter {
  constructor(
    private readonly components: Components,
    private readonly responses: Record<string, object>,
    private readonly bodies: BodySchemas,
  ) {}

  complete(operation: Operation, method: string, path: string, handler: Handler): void {
    const target = methodOf(handler);
    const role = neededRole(target);
    const text = describedOperation(target) ?? { summary: '', description: '' };
    operation.summary = text.summary;
    operation.description = [
      text.description,
      role && `Takes an API key of ${role === 'any' ? 'any role' : `the role \`${role}\``}.`,
    ]
      .filter(Boolean)
      .join('\n\n');
    if (role === undefined) operation.security = [];
    if (text.repeats !== undefined) (operation.parameters ??= []).push(idempotencyKey(text.repeats));
    this.addBody(operation, method, path);
    this.addAnswers(operation, target, text);
    const kind = {
      method,
      needsKey: role !== undefined,
      weight: weightOf(target),
      isUnlimited: isUnlimited(target),
      hasParameters: (operation.parameters ?? []).length > 0,
      isIdempotent: text.repeats !== undefined,
    };
    const problems = problemAnswers([...problemsOfKind(kind), ...(text.problems ?? [])]);
    for (const [status, { name, answer }] of Object.entries(problems)) {
      this.responses[name] = answer;
      operation.responses[status] = { $ref: `#/components/responses/${name}` };
    }
  }

  /** @returns what describes the schema, its parts kept among the components */
  schemaOf(schema: z.ZodType): JsonSchema {
    const { schema: own, components } = jsonSchemaOf(schema, 'output');
    // A component that requests use as well stays as requests have it: names are kept apart in the schemas.
    for (const [name, component] of Object.entries(components)) this.components[name] ??= component;
    return own;
  }

  private addBody({ requestBody }: Operation, method: string, path: string): void {
    const json = requestBody && 'content' in requestBody ? requestBody.content['application/json'] : undefined;
    const schema = json?.schema && '$ref' in json.schema ? this.bodies.get(json.schema.$ref) : undefined;
    if (!requestBody || !('content' in requestBody) || !json || !schema) return;
    const examples = (schema.meta()?.examples ?? []) as unknown[];
    json.examples = Object.fromEntries(examples.map((value, index) => [`example ${index + 1}`, { value }]));
    const line = longLists.get(schema)?.item;
    if (!line || !takesLines(method.toUpperCase(), path)) return;
    const [type = '', ...alike] = NDJSON_TYPES;
    requestBody.content[type] = { schema: linesOf(jsonSchemaOf(line, 'input').schema, type) };
    requestBody.description =
      `As \`${type}\`, each line is one JSON value of the schema that \`contentSchema\` names, and there may be any ` +
      `number of them. The same is known as ${alike.map((name) => `\`${name}\``).join(', ')}. As \`${CSV_BODY_TYPE}\`, ` +
      'the first row names fields of a line, and each row after it is one; an empty cell is a field that is absent.';
    requestBody.content[CSV_BODY_TYPE] = { schema: { type: 'string' } };
  }

  private addAnswers(operation: Operation, target: object, { answers, repeats }: DescribedOperation): void {
    const serialized = Reflect.getMetadata(SERIALIZE_OPTIONS, target) as { schema?: z.ZodType } | undefined;
    const [usual = '200'] = Object.keys(operation.responses);
    const described: Record<string, DescribedAnswer> = answers ?? { [usual]: { description: 'Done.' } };
    operation.responses = {};
    for (const [status, { description, schema = serialized?.schema, content, headers = {} }] of Object.entries(
      described,
    )) {
      const json = schema && { 'application/json': { schema: this.schemaOf(schema) } };
      operation.responses[status] = {
        description,
        headers: {
          ...headerRefs(['X-Request-Id', ...(neededRole(target) ? RATE_HEADERS : [])]),
          ...(MAKING.includes(status) && headerRefs(['Location'])),
          ...(repeats !== undefined && headerRefs(['Idempotency-Replayed'])),
          ...mapValues(headers, (text) => ({ description: text, schema: { type: 'string' } })),
        },
        ...((content ?? json) && { content: { ...json, ...mapValues(content ?? {}, (schema) => ({ schema })) } }),
      };
    }
  }
}

const mapValues = <From, To>(record: Record<string, From>, map: (value: From) => To) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));

const idempotencyKey = (repeats: string) => ({
  name: 'Idempotency-Key',
  in: 'header' as const,
  required: false,
  description: `1 to 255 visible ASCII characters, kept for 24 hours. ${repeats}`,
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
});

/** Answers that tell where to look for what the request made. */
const MAKING = ['201', '202'];

/** The key under which Nest keeps what `@SerializeOptions` says of a method. */
const SERIALIZE_OPTIONS = SerializeOptions({}).KEY;

const methodOf = ({ controller, method }: Handler) => (controller.prototype as Record<string, object>)[method] ?? {};
