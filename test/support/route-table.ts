import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** Every route that the running api answers, as `METHOD /path/:parameter`, read from its router. */
export function routeTable(api: NestFastifyApplication): string[] {
  const ancestors: string[] = [];
  const routes: string[] = [];
  // A tree, four characters of indentation a level: what stands deeper continues the path above it.
  for (const line of api.getHttpAdapter().getInstance().printRoutes({ commonPrefix: false }).split('\n')) {
    const [, indentation, name, methods] = /^((?:[│ ] {3})*[├└]── )(\S+)(?: \((.+)\))?$/.exec(line) ?? [];
    if (indentation === undefined || name === undefined) continue;
    ancestors.length = indentation.length / 4 - 1;
    ancestors.push(name);
    for (const method of methods?.split(', ') ?? []) routes.push(`${method} ${ancestors.join('')}`);
  }
  return routes;
}
