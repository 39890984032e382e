import { Link } from '@tanstack/react-router';
import { Suspense, lazy } from 'react';
import type { Overview } from '@app/client';
import { holdReasonWords, ineligibleReasonWords, outcomeWords, type Words } from '@app/words';
import { useFormats, useSpeech, useText } from '../language/language.js';
import { FaultBoundary } from '../ui/fault.js';
import { useFilters } from '../ui/filters.js';
import { Section } from '../ui/page.js';
import { ends, outcomesOf, spans, stepNames, totalsOf, type Point, type Span } from './series.js';
import { overviewTexts } from './texts.js';

const Chart = lazy(() => import('./chart.js'));

const OUTCOMES: Readonly<Record<string, Words>> = { ...holdReasonWords, ...ineligibleReasonWords, ...outcomeWords };

/** How deletions ended over the last hour, day or month: as bars, as numbers and as a table. */
export function Outcomes({ series }: { series: Overview['series'] }) {
  const t = useText();
  const formats = useFormats();
  const [{ span: asked }, change] = useFilters('span');
  const span = spans.find((one) => one === asked) ?? 'day';
  const { points } = series[span];
  const totals = totalsOf(points);
  const hasEnded = ends.some((end) => totals[end] > 0);
  return (
    <Section
      title={t(overviewTexts.outcomes)}
      actions={
        <div className="switch page-actions" role="group" aria-label={t(overviewTexts.span)}>
          {spans.map((one) => (
            <button key={one} type="button" aria-pressed={one === span} onClick={() => change({ span: one })}>
              {t(overviewTexts[one])}
            </button>
          ))}
        </div>
      }
    >
      <ul className="states-list">
        {ends.map((end) => (
          <li key={end}>
            <span className={`dot state-${end}`} aria-hidden="true" />{' '}
            <Link to="/deletions" search={{ state: end, finished_after: points[0]?.at }}>
              {t(overviewTexts[end])} <b>{formats.number(totals[end])}</b>
            </Link>
          </li>
        ))}
      </ul>
      {hasEnded ? (
        <>
          <FaultBoundary fallback={() => <p className="soft">{t(overviewTexts.noChart)}</p>}>
            <Suspense fallback={<div className="chart-space" />}>
              <Chart points={points} span={span} said={t(overviewTexts.chart, totals)} />
            </Suspense>
          </FaultBoundary>
          <OutcomeCounts points={points} />
          <Numbers points={points} span={span} />
        </>
      ) : (
        <p className="soft">{t(overviewTexts.noneEnded)}</p>
      )}
    </Section>
  );
}

function OutcomeCounts({ points }: { points: readonly Point[] }) {
  const t = useText();
  const formats = useFormats();
  return (
    <dl className="counts">
      {outcomesOf(points).map(([code, count]) => (
        <div key={code}>
          <dt>{OUTCOMES[code] ? t(OUTCOMES[code]) : code}</dt>
          <dd>{formats.number(count)}</dd>
        </div>
      ))}
    </dl>
  );
}

function Numbers({ points, span }: { points: readonly Point[]; span: Span }) {
  const { t, language, formats } = useSpeech();
  const names = stepNames(points, span, language);
  return (
    <details>
      <summary>{t(overviewTexts.asTable)}</summary>
      <table className="numbers">
        <thead>
          <tr>
            <th scope="col">{t(overviewTexts.time)}</th>
            {ends.map((end) => (
              <th key={end} scope="col">
                {t(overviewTexts[end])}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {points.map((point, i) => (
            <tr key={point.at}>
              <th scope="row">
                <time dateTime={point.at}>{names[i]}</time>
              </th>
              {ends.map((end) => (
                <td key={end}>{formats.number(point[end])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
