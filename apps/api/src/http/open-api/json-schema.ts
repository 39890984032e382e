import { z } from 'zod';
import type { JsonSchema } from './operation.js';

export type Components = Record<string, JsonSchema>;

/** Schemas with an id of their own become components. */
export function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output') {
  const options = { io, unrepresentable: 'any', override } as const;
  const { $schema: _dialect, $defs, ...own } = z.toJSONSchema(schema, options);
  const text = JSON.stringify([own, $defs ?? {}]).replaceAll('"#/$defs/', '"#/components/schemas/');
  const [converted, components] = JSON.parse(text) as [JsonSchema, Components];
  return { schema: converted, components };
}

interface Converted {
  zodSchema: z.core.$ZodTypes;
  jsonSchema: z.core.JSONSchema.BaseSchema;
}

function override({ zodSchema, jsonSchema }: Converted): void {
  const { def } = zodSchema._zod;
  // A boolean in a query arrives as text. To those who send it, it is a boolean.
  if (def.type === 'pipe' && jsonSchema.type === 'string' && isBoolean(def.out)) jsonSchema.type = 'boolean';
  // So does a whole number.
  if (def.type === 'pipe' && jsonSchema.type === 'string' && isNumber(def.out)) {
    delete jsonSchema.pattern;
    Object.assign(jsonSchema, z.toJSONSchema(def.out), { $schema: undefined });
  }
  // Which has lost its default by that.
  if (def.type === 'default' && jsonSchema.type === 'integer') jsonSchema.default ??= def.defaultValue;
  // A record that has all of an enum's names is an object of these, which generators make more of.
  const { required, additionalProperties: value } = jsonSchema;
  if (def.type === 'record' && required && value !== undefined) {
    jsonSchema.properties = Object.fromEntries(required.map((name) => [name, value]));
    jsonSchema.additionalProperties = false;
    delete jsonSchema.propertyNames;
  }
}

const isNumber = (schema: z.core.$ZodType) => schema._zod.def.type === 'number';
const isBoolean = (schema: z.core.$ZodType) => schema._zod.def.type === 'boolean';

/** Text of a line for each value. JSON Schema has no word for lines: `contentSchema` is that of one. */
export const linesOf = (line: JsonSchema, type: string): JsonSchema => ({
  type: 'string',
  contentMediaType: type,
  contentSchema: line,
});
