import { Link } from '@tanstack/react-router';

/** The views of a page, each at an address of its own: `?view=…`. The first is that without. */
export function Views({ label, current, views }: { label: string; current: string; views: readonly View[] }) {
  return (
    <nav className="views" aria-label={label}>
      {views.map(([name, words], i) => (
        <Link
          key={name}
          to="."
          search={i === 0 ? {} : { view: name }}
          aria-current={name === current ? 'page' : undefined}
        >
          {words}
        </Link>
      ))}
    </nav>
  );
}

type View = readonly [name: string, words: string];
