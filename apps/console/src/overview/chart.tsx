import 'uplot/dist/uPlot.min.css';
import { useEffect, useRef, useState } from 'react';
import UPlot from 'uplot';
import { useSpeech } from '../language/language.js';
import { ends, stacked, stepNames, type End, type Point, type Span } from './series.js';

const HEIGHT_PX = 220;
const COLOURS: Record<End, string> = { succeeded: '--ok', failed: '--bad', cancelled: '--idle' };

/** Bars of how deletions ended, drawn on a canvas: what it shows is told by the table beside it. */
export default function Chart({ points, span, said }: { points: readonly Point[]; span: Span; said: string }) {
  const { language, formats } = useSpeech();
  const isDark = useDark();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const names = stepNames(points, span, language);
    const bars = UPlot.paths.bars?.({ size: [0.7, 48] });
    const axis = { stroke: colour('--td-text-color-secondary'), ticks: { show: false }, font: '12px system-ui' };
    const plot = new UPlot(
      {
        width: element.clientWidth,
        height: HEIGHT_PX,
        legend: { show: false },
        cursor: { show: false },
        scales: {
          x: { time: false, range: () => [-0.6, points.length - 0.4] },
          y: { range: (_plot, _min, max) => [0, Math.max(4, max * 1.05)] },
        },
        axes: [
          {
            ...axis,
            grid: { show: false },
            space: 60,
            size: 28,
            incrs: [1, 2, 3, 4, 6, 12],
            values: (_plot, places) => places.map((i) => names[i] ?? ''),
          },
          {
            ...axis,
            size: 56,
            grid: { stroke: colour('--line'), width: 1 },
            incrs: WHOLE_NUMBERS,
            values: (_plot, values) => values.map((value) => formats.number(value)),
          },
        ],
        // The highest first: those that stand within it are drawn over it.
        series: [
          {},
          ...[...ends].reverse().map((end) => ({
            fill: colour(COLOURS[end]),
            width: 0,
            points: { show: false },
            ...(bars && { paths: bars }),
          })),
        ],
      },
      [points.map((_point, i) => i), ...stacked(points).reverse()],
      element,
    );
    const resized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT_PX }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      plot.destroy();
    };
  }, [points, span, language, formats, isDark]);
  return <div ref={place} className="chart" role="img" aria-label={said} style={{ minHeight: HEIGHT_PX }} />;
}

const WHOLE_NUMBERS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6];

/** A canvas does not follow the colours by itself. */
function useDark(): boolean {
  const [isDark, setDark] = useState(() => matchMedia('(prefers-color-scheme: dark)').matches);
  useEffect(() => {
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    const note = () => setDark(scheme.matches);
    scheme.addEventListener('change', note);
    return () => scheme.removeEventListener('change', note);
  }, []);
  return isDark;
}
