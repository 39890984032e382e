import { recordset } from './recordset.js';
import { statement } from './statement.js';

interface Ended {
  runId: string;
  errcode?: number;
  at: Date | null;
}

describe('recordset', () => {
  const at = new Date(0);
  const ended: Ended[] = [
    { runId: 'a', errcode: 0, at },
    { runId: 'b', at: null },
  ];

  it('has an array for each column, and the column’s name and type beside it', () => {
    const { parameters, bind } = statement('before');
    expect(recordset(bind, 'ended', ended, { runId: 'uuid', errcode: 'int', at: 'timestamptz' })).toBe(
      'unnest($2::uuid[], $3::int[], $4::timestamptz[]) AS ended (run_id, errcode, at)',
    );
    expect(parameters).toEqual(['before', ['a', 'b'], [0, null], [at, null]]);
  });

  it('has one text for one row and for many', () => {
    const textOf = (rows: Ended[]) => recordset(statement().bind, 'ended', rows, { runId: 'uuid' });
    expect(textOf([])).toBe(textOf(ended));
  });

  it('does not compile with a type that its values cannot have', () => {
    // @ts-expect-error a number is no uuid
    recordset(statement().bind, 'ended', ended, { errcode: 'uuid' });
    // @ts-expect-error no such column
    recordset(statement().bind, 'ended', ended, { status: 'text' });
  });
});
