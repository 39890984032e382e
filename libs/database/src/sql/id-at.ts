/** The first UUIDv7 of a moment. Ids grow with time: pages that are read along them are bounded by it. */
export function idAt(ms: number): string {
  const digits = Math.max(0, ms).toString(16).padStart(12, '0').padEnd(32, '0');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
