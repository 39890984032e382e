import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A search finds words in titles and labels by an index of their pairs of characters, in small letters: a Chinese word
 * may have two. A text has the words only if it has all of their pairs. The last character stands alone as well, so
 * that a word of one character is found as the beginning of what is in the index. Both functions are made of what
 * Postgres has, so they need no extension. Built beside 2,500,000 messages with an article each, the indexes take a minute
 * or two, in which these are not written to.
 */
export class WordsOfTitles1764790000000 implements MigrationInterface {
  name = 'WordsOfTitles1764790000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Pairs from the first character on, and pairs from the second on.
      CREATE FUNCTION pairs_in(title text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT array_to_tsvector(array_remove(string_to_array(
          regexp_replace(lower(title), '(..)', '\\1' || chr(1), 'g') || chr(1) ||
          regexp_replace(substr(lower(title), 2), '(..)', '\\1' || chr(1), 'g'), chr(1)), ''))
      $$;
      CREATE FUNCTION pairs_of(words text) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT string_agg('''' || replace(replace(substr(w, n, 2), '\\', '\\\\'), '''', '''''') || '''' ||
          CASE WHEN char_length(w) = 1 THEN ':*' ELSE '' END, ' & ')::tsquery
        FROM lower(words) AS w, generate_series(1, GREATEST(1, char_length(w) - 1)) AS n
      $$;
      CREATE INDEX mass_messages_words_idx ON mass_messages
        USING gin (pairs_in(COALESCE(title, '') || chr(10) || COALESCE(label, '')))
        WHERE title IS NOT NULL OR label IS NOT NULL;
      CREATE INDEX mass_message_articles_words_idx ON mass_message_articles USING gin (pairs_in(title))
        WHERE title IS NOT NULL;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
