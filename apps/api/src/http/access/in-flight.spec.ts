import { InFlight, type Caller } from './in-flight.js';

const PROVIDER: Caller = { apiKeyId: 'p', tenant: null };
const ofTenant = (apiKeyId: string): Caller => ({ apiKeyId, tenant: 't' });
const limits = { light: { perKey: 3, perTenant: 4 }, dear: { perKey: 1, perTenant: 2 } };
const nobodyLeaves = () => undefined;

describe('requests in flight', () => {
  const aPlace = (inFlight: InFlight, caller: Caller, weight: 'light' | 'reads' | 'works' = 'reads') => {
    const leave = inFlight.enter(caller, weight);
    if (!leave) throw new Error('it has to wait');
    return leave;
  };

  it('are so many of a key, and so many of a tenant’s keys together; of the provider’s keys each has its own', () => {
    const inFlight = new InFlight(limits);
    aPlace(inFlight, ofTenant('a'));
    expect(inFlight.enter(ofTenant('a'), 'reads')).toBeUndefined();
    aPlace(inFlight, ofTenant('b'));
    expect(inFlight.enter(ofTenant('c'), 'reads')).toBeUndefined();
    for (const apiKeyId of ['p', 'q', 'r']) aPlace(inFlight, { apiKeyId, tenant: null });
    expect(inFlight.enter(PROVIDER, 'reads')).toBeUndefined();
  });

  it('are counted apart by what they ask for', () => {
    const inFlight = new InFlight(limits);
    for (const weight of ['reads', 'works', 'light', 'light', 'light'] as const) aPlace(inFlight, PROVIDER, weight);
    for (const weight of ['reads', 'works', 'light'] as const) expect(inFlight.enter(PROVIDER, weight)).toBeUndefined();
  });

  it('get their turn in the order in which they came, past those whose key is full', async () => {
    const inFlight = new InFlight(limits);
    const [first, second] = [aPlace(inFlight, ofTenant('a')), aPlace(inFlight, ofTenant('b'))];
    const order: string[] = [];
    const wait = async (name: string, key: string) => {
      const leave = await inFlight.wait(ofTenant(key), 'reads', nobodyLeaves);
      order.push(name);
      return leave;
    };
    const [again, third, fourth] = [wait('a again', 'a'), wait('c', 'c'), wait('d', 'd')];
    second();
    const leaveThird = await third;
    expect(order).toEqual(['c']);
    leaveThird();
    (await fourth)();
    first();
    (await again)();
    expect(order).toEqual(['c', 'd', 'a again']);
    // Nothing is left of them.
    const one = aPlace(inFlight, ofTenant('a'));
    aPlace(inFlight, ofTenant('b'))();
    one();
  });

  it('are refused when their turn does not come, saying which ceiling it is', async () => {
    const inFlight = new InFlight(limits, 1);
    aPlace(inFlight, ofTenant('a'));
    const wait = (key: string) => inFlight.wait(ofTenant(key), 'reads', nobodyLeaves);
    await expect(wait('a')).rejects.toMatchObject({
      code: 'requests_too_many',
      message: 'The key may have 1 lists and exports under way at a time.',
      members: { ceiling: 'key', limit: 1 },
    });
    aPlace(inFlight, ofTenant('b'));
    await expect(wait('c')).rejects.toMatchObject({ members: { ceiling: 'tenant', limit: 2 } });
  });

  it('are not waited for when their client has gone, and leave their turn to the next', async () => {
    const inFlight = new InFlight(limits);
    const place = aPlace(inFlight, PROVIDER);
    let hangUp = nobodyLeaves as () => void;
    const gone = inFlight.wait(PROVIDER, 'reads', (leave) => (hangUp = leave));
    const next = inFlight.wait(PROVIDER, 'reads', nobodyLeaves);
    hangUp();
    await expect(gone).rejects.toMatchObject({ code: 'requests_too_many' });
    place();
    (await next)();
  });

  it('know no limit where none is set', () => {
    const none = { perKey: 0, perTenant: 0 };
    const inFlight = new InFlight({ light: none, dear: none });
    for (let i = 0; i < 100; i++) aPlace(inFlight, ofTenant('a'));
  });
});
