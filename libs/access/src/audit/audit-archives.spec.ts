import { SecretBox } from '@app/vault';
import { endOf, firstUnjoined, isArchiveSigned, type AuditArchive } from './audit-archives.js';
import { BEFORE_ALL, CHAIN_START } from './audit-chain.js';

const box = (id: string, fill: number) => new SecretBox([{ id, key: Buffer.alloc(32, fill) }]);

const archive = (changes: Partial<AuditArchive> = {}): AuditArchive => ({
  firstSeq: '1',
  lastSeq: '10',
  prevHash: CHAIN_START,
  lastHash: 'a'.repeat(64),
  rows: 8,
  totalRows: 8,
  upTo: new Date('2025-12-31T23:59:59.999Z'),
  sha256: 'f'.repeat(64),
  archivedAt: new Date('2026-05-01T08:00:00.123Z'),
  keyId: 'k1',
  signature: 'n_T9eYMNzQmGMkLN181pZht9ZDurvIxXudgQY9vjhdw',
  ...changes,
});

describe('the note of an archive', () => {
  it('is signed over all that it says, by the key that it names, the same way from release to release', () => {
    expect(isArchiveSigned(archive(), box('k1', 1))).toBe(true);
    expect(isArchiveSigned(archive(), box('k1', 2))).toBe(false);
    expect(isArchiveSigned(archive(), box('k2', 1))).toBeUndefined();
  });

  it.each<Partial<AuditArchive>>([
    { firstSeq: '2' },
    { lastSeq: '11' },
    { prevHash: 'b'.repeat(64) },
    { lastHash: 'b'.repeat(64) },
    { rows: 9 },
    { totalRows: 9 },
    { upTo: new Date(0) },
    { sha256: 'e'.repeat(64) },
    { archivedAt: new Date(0) },
    { signature: '' },
  ])('is not signed with %j', (change) => {
    expect(isArchiveSigned(archive(change), box('k1', 1))).toBe(false);
  });
});

describe('archives', () => {
  const second: Partial<AuditArchive> = {
    firstSeq: '11',
    lastSeq: '30',
    prevHash: 'a'.repeat(64),
    lastHash: 'b'.repeat(64),
    rows: 5,
    totalRows: 13,
  };

  it('follow one another from the start of the chain', () => {
    expect(firstUnjoined([])).toBeUndefined();
    expect(firstUnjoined([archive(), archive(second)])).toBeUndefined();
  });

  it.each<Partial<AuditArchive>>([{ prevHash: CHAIN_START }, { firstSeq: '10' }, { totalRows: 5 }])(
    'do not with %j',
    (change) => {
      const other = archive({ ...second, ...change });
      expect(firstUnjoined([archive(), other])).toBe(other);
    },
  );

  it('begin at the start of the chain', () => {
    expect(firstUnjoined([archive(second)])).toEqual(archive(second));
  });

  it('end where the next row follows', () => {
    expect(endOf(undefined)).toBe(BEFORE_ALL);
    expect(endOf(archive(second))).toEqual({ seq: '30', rows: 13, hash: 'b'.repeat(64) });
  });
});
