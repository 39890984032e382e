import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef, type ReactNode } from 'react';

/** A list of any length in a box that scrolls by itself: only rows in sight are drawn. */
export function LongBox({
  count,
  rowPx,
  label,
  row,
}: {
  count: number;
  /** About how high a row is. */
  rowPx: number;
  label: string;
  row: (index: number) => ReactNode;
}) {
  const box = useRef<HTMLDivElement>(null);
  // Nothing of it is handed on, so nothing can be kept that is out of date.
  // eslint-disable-next-line react-hooks/incompatible-library
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => box.current,
    estimateSize: () => rowPx,
    overscan: 10,
  });
  return (
    <div ref={box} className="long-box" tabIndex={0} role="region" aria-label={label}>
      <ul style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ key, index, start }) => (
          <li key={key} ref={virtual.measureElement} data-index={index} style={{ transform: `translateY(${start}px)` }}>
            {row(index)}
          </li>
        ))}
      </ul>
    </div>
  );
}
