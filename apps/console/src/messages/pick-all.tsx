import { useEffect, useRef, useState } from 'react';
import type { MassMessage, MassMessagesListData } from '@app/client';
import { retract } from '../api/retract.js';
import { useText } from '../language/language.js';
import { Button } from '../ui/button.js';
import { Fault } from '../ui/fault.js';
import { WHOLE } from './picking.js';
import { messageTexts as texts } from './texts.js';

/** What is picked is kept by the browser, which takes some megabytes. */
const MOST_MESSAGES = 10_000;
const PAGE = 200;
/** As many as WeChat takes in one message. */
const ARTICLES = [1, 2, 3, 4, 5, 6, 7, 8];

interface Reading {
  count: number;
  is: 'going' | 'over' | 'full';
}

/** Picks the same part of every message that the filters find, over all pages. */
export function PickAll({
  query,
  pick,
}: {
  query: NonNullable<MassMessagesListData['query']>;
  pick: (messages: readonly MassMessage[], articleIdx: number) => void;
}) {
  const t = useText();
  const [articleIdx, choose] = useState(1);
  const [reading, setReading] = useState<Reading>();
  const [error, setError] = useState<unknown>();
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);

  const read = async () => {
    const { signal } = (stop.current = new AbortController());
    let count = 0;
    setError(undefined);
    setReading({ count, is: 'going' });
    try {
      for await (const { data, next_cursor } of retract.massMessages
        .list({ ...query, limit: PAGE }, { signal })
        .pages()) {
        const messages = data.slice(0, MOST_MESSAGES - count);
        pick(messages, articleIdx);
        count += messages.length;
        const isFull = messages.length < data.length || (count === MOST_MESSAGES && next_cursor !== null);
        setReading({ count, is: isFull ? 'full' : 'going' });
        if (isFull) return;
      }
    } catch (failure) {
      if (!signal.aborted) setError(failure);
    }
    setReading({ count, is: 'over' });
  };

  const isReading = reading?.is === 'going';
  return (
    <div className="pick-all">
      <label>
        {t(texts.pickWhat)}
        <select
          className="choice"
          value={articleIdx}
          disabled={isReading}
          onChange={({ target }) => choose(Number(target.value))}
        >
          {ARTICLES.map((number) => (
            <option key={number} value={number}>
              {t(texts.article, { number })}
            </option>
          ))}
          <option value={WHOLE}>{t(texts.whole)}</option>
        </select>
      </label>
      {isReading ? (
        <Button variant="outline" onClick={() => stop.current?.abort()}>
          {t(texts.pickStop)}
        </Button>
      ) : (
        <Button variant="outline" onClick={() => void read()}>
          {t(texts.pickGo, { most: MOST_MESSAGES })}
        </Button>
      )}
      <span role="status">
        {reading && t(isReading ? texts.pickReading : texts.pickDone, { count: reading.count })}{' '}
        {reading?.is === 'full' && t(texts.pickCeiling, { most: MOST_MESSAGES })}
      </span>
      {error !== undefined && <Fault error={error} />}
    </div>
  );
}
