/** A moment to filter by: chosen in the viewer's zone, kept in UTC, so that it is the same for a colleague elsewhere. */
export function MomentField({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}) {
  return (
    <label>
      {label}
      <input
        type="datetime-local"
        className="choice"
        value={localOf(value)}
        onChange={({ target }) => onChange(target.value ? new Date(target.value).toISOString() : undefined)}
      />
    </label>
  );
}

/** As `datetime-local` has it: without a zone. */
function localOf(iso: string | undefined): string {
  const at = Date.parse(iso ?? '');
  if (Number.isNaN(at)) return '';
  return new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
