/** Says that this process is ready, waits for the word, calls as often as it says at once, and tells how it ended. */
export async function callAtOnce(call: () => Promise<unknown>): Promise<void> {
  process.send?.({});
  const { callers } = await new Promise<{ callers: number }>((resolve) => process.once('message', resolve));
  const calls = await Promise.allSettled(Array.from({ length: callers }, call));
  const failed = calls.find((one) => one.status === 'rejected');
  process.send?.(failed ? { error: String(failed.reason) } : {});
}
