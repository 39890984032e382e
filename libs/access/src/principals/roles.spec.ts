import type { Role } from './api-key.entity.js';
import { mayAct } from './roles.js';

describe('mayAct', () => {
  it.each<[Role, Role[]]>([
    ['admin', ['admin', 'operator', 'viewer']],
    ['operator', ['operator', 'viewer']],
    ['viewer', ['viewer']],
    ['tokens', ['tokens']],
  ])('lets %s use the routes of %j and no others', (role, usable) => {
    const all: Role[] = ['admin', 'operator', 'viewer', 'tokens'];
    expect(all.filter((needed) => mayAct(role, needed))).toEqual(usable);
  });
});
