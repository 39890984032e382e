import { useNavigate, useSearch } from '@tanstack/react-router';

type Filters<Name extends string> = Partial<Record<Name, string>>;

/** The filters of a page are in its address, so that a view can be sent to a colleague. */
export function useFilters<const Name extends string>(
  ...names: readonly Name[]
): [filters: Filters<Name>, change: (changes: Partial<Record<Name, string | undefined>>) => void] {
  const search: Record<string, string | undefined> = useSearch({ strict: false });
  const navigate = useNavigate();
  const filters: Filters<Name> = {};
  for (const name of names) if (search[name]) filters[name] = search[name];
  const change = (changes: Partial<Record<Name, string | undefined>>) =>
    void navigate({ to: '.', search: (before) => ({ ...before, ...changes }), replace: true });
  return [filters, change];
}
