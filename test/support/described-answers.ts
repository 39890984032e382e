import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { controllers } from '../../apps/api/src/api.module.js';
import { describeApi } from '../../apps/api/src/http/open-api/open-api.js';

/** An answer as it came: JSON is parsed, everything else is text. */
export interface SentAnswer {
  status: number;
  headers: Headers;
  body: any;
}

/** Sent with whatever is answered, and said in the introduction or by HTTP itself. */
const OF_EVERY_ANSWER = new Set([
  'cache-control',
  'connection',
  'content-encoding',
  'content-length',
  'content-security-policy',
  'content-type',
  'date',
  'keep-alive',
  'referrer-policy',
  'strict-transport-security',
  'transfer-encoding',
  'x-accel-buffering',
  'x-content-type-options',
  'x-frame-options',
]);

let ofThisFile: DescribedAnswers | undefined;

/** The description is the same for each api, so what is compiled of it serves all tests of a file. */
export const describedAnswers = (api: NestFastifyApplication): DescribedAnswers =>
  (ofThisFile ??= new DescribedAnswers(describeApi(api, controllers, 'http://127.0.0.1/')));

/** Holds answers of the api against its own description. */
class DescribedAnswers {
  private readonly validators = new Map<string, ValidateFunction>();
  private readonly ajv = new Ajv2020({ strict: false, validateFormats: false });

  constructor(private readonly document: any) {
    this.ajv.addSchema(document, 'api');
  }

  /** @throws when the description does not have such an answer of that route */
  check(method: string, url: string, answer: SentAnswer): void {
    const disagreement = this.disagreement(method, url, answer);
    if (disagreement === undefined) return;
    const { status, body } = answer;
    const told = JSON.stringify({ status, body })?.slice(0, 2_000);
    throw new Error(`${method} ${url} was answered as its description does not say: ${disagreement}\n${told}`);
  }

  private disagreement(method: string, url: string, { status, headers, body }: SentAnswer): string | undefined {
    // A client resolves "." and ".." before it sends: the service never sees them.
    const address = new URL(url, 'http://localhost').pathname;
    const path = this.pathOf(address);
    // HEAD is answered as GET is, without the body.
    const isHead = method === 'HEAD';
    const name = isHead ? 'get' : method.toLowerCase();
    const operation = path && this.document.paths[path][name];
    if (!operation) return isHead ? undefined : this.strayDisagreement(address, status, body);
    const key = operation.responses[status] ? String(status) : 'default';
    let at = `#/paths/${escaped(path)}/${name}/responses/${key}`;
    let described = operation.responses[key];
    if (described.$ref) {
      at = described.$ref;
      described = this.document.components.responses[at.split('/').at(-1) ?? ''];
    }
    const undeclared = [...headers.keys()].filter(
      (name) => !OF_EVERY_ANSWER.has(name) && !hasName(described.headers, name),
    );
    if (undeclared.length > 0) return `headers ${undeclared.join(', ')}`;
    if (isHead) return body ? 'a body' : undefined;
    const type = headers.get('content-type')?.split(';')[0]?.trim();
    if (!described.content) return body ? `a body where there is none` : undefined;
    if (type === undefined || !described.content[type]) return `content of type ${type}`;
    return this.contentDisagreement(`${at}/content/${escaped(type)}/schema`, described.content[type].schema, body);
  }

  /** Of what is no operation: under /v1 there is nothing but problems. */
  private strayDisagreement(path: string, status: number, body: any): string | undefined {
    if (!path.startsWith('/v1/')) return undefined;
    return status < 400 ? 'there is no such operation' : this.valueDisagreement('#/components/schemas/Problem', body);
  }

  private contentDisagreement(at: string, schema: any, body: any): string | undefined {
    if (!schema.contentSchema) return this.valueDisagreement(at, body);
    for (const line of String(body).match(/.+/g) ?? []) {
      const wrong = this.valueDisagreement(`${at}/contentSchema`, JSON.parse(line));
      if (wrong) return `${wrong} in the line ${line}`;
    }
    return undefined;
  }

  private valueDisagreement(at: string, value: unknown): string | undefined {
    const validate = this.validators.get(at) ?? this.ajv.compile({ $ref: `api${at}` });
    this.validators.set(at, validate);
    return validate(value) ? undefined : JSON.stringify(validate.errors);
  }

  /** The path of the description that the address is of; one without parameters goes first. */
  private pathOf(path: string): string | undefined {
    const parts = path.split('/');
    const fits = (path: string) => {
      const own = path.split('/');
      return (
        own.length === parts.length && own.every((part, i) => (part.startsWith('{') ? parts[i] : part === parts[i]))
      );
    };
    const found = Object.keys(this.document.paths).filter(fits);
    return found.find((path) => !path.includes('{')) ?? found[0];
  }
}

const escaped = (part: string) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));

const hasName = (headers: Record<string, unknown> = {}, name: string) =>
  Object.keys(headers).some((declared) => declared.toLowerCase() === name);
