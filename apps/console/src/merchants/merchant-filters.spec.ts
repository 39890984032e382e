import { exportPath, filtersOfService, serviceOf } from './merchant-filters.js';

it.each(['eligible', 'ineligible', 'unknown', undefined] as const)('reads back the service %s', (service) => {
  const { eligible, facts_unknown } = filtersOfService(service);
  expect(serviceOf({ ...(eligible && { eligible }), ...(facts_unknown && { facts_unknown }) })).toBe(service);
});

it('asks for the file with the same filters as the list', () => {
  expect(exportPath({ q: '茶 馆', eligible: 'false' })).toBe(
    '/v1/merchants?q=%E8%8C%B6+%E9%A6%86&eligible=false&format=csv',
  );
});
