import type { Language } from '@app/words';

/** How a language writes numbers and times. Times are given as the api gives them: ISO 8601. */
export interface Formats {
  number(value: number): string;
  /** `0.5` → 50 % */
  share(value: number): string;
  /** In the viewer's zone; the day is left out when it is today. */
  moment(iso: string, now: number): string;
  /** The same to the second. */
  second(iso: string, now: number): string;
  /** With day, seconds and zone, for those who look closer. */
  exactMoment(iso: string): string;
  /** In Shanghai, where WeChat's days of quota begin. */
  shanghai(iso: string, now: number): string;
  /** "in 3 hours", "2 minutes ago" */
  relative(iso: string, now: number): string;
  /** "1 h 5 min" */
  duration(ms: number): string;
}

const SHANGHAI = 'Asia/Shanghai';
const JUST_NOW_MS = 1_500;
const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

export function formatsOf(language: Language, zone?: string): Formats {
  const locale = language === 'zh' ? 'zh-CN' : 'en-GB';
  const number = new Intl.NumberFormat(locale);
  const share = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const exact = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'long', timeZone: zone });
  const moments = (timeZone: string | undefined, second?: '2-digit') => {
    const time = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', second, timeZone });
    const withDay = new Intl.DateTimeFormat(locale, {
      month: 'short',
      day: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      second,
      timeZone,
    });
    const withYear = new Intl.DateTimeFormat(locale, {
      year: 'numeric',
      month: 'short',
      day: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      second,
      timeZone,
    });
    const day = new Intl.DateTimeFormat('en-CA', { year: 'numeric', month: '2-digit', day: '2-digit', timeZone });
    return (iso: string, now: number) => {
      const at = new Date(iso);
      if (day.format(at) === day.format(now)) return time.format(at);
      const isThisYear = day.format(at).slice(0, 4) === day.format(now).slice(0, 4);
      return (isThisYear ? withDay : withYear).format(at);
    };
  };
  return {
    number: (value) => number.format(value),
    share: (value) => share.format(value),
    moment: moments(zone),
    second: moments(zone, '2-digit'),
    shanghai: moments(SHANGHAI),
    exactMoment: (iso) => exact.format(new Date(iso)),
    relative: (iso, now) => {
      const apart = Date.parse(iso) - now;
      // Clocks are not that exact: just now is neither before nor after.
      const ms = Math.abs(apart) < JUST_NOW_MS ? 0 : apart;
      const [unit, size] = UNITS.find(([, size]) => Math.abs(ms) >= size) ?? ['second', 1_000];
      return relative.format(Math.round(ms / size), unit);
    },
    duration: (ms) => {
      const parts: string[] = [];
      let rest = Math.max(0, Math.round(ms / 1_000) * 1_000);
      for (const [unit, size] of UNITS) {
        const value = Math.floor(rest / size);
        rest %= size;
        if (value === 0 && !(unit === 'second' && parts.length === 0)) continue;
        if (parts.length < 2)
          parts.push(new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short' }).format(value));
      }
      return parts.join(' ');
    },
  };
}
