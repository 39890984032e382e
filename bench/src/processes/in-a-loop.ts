/** A push as it comes in over HTTP. */
export interface Push {
  body: string;
  query: Record<string, string>;
}

export interface LoopOrder {
  pushes: Push[];
  /** The number of first rounds that are not measured. */
  warmUp: number;
  /** So many are under way at a time. */
  senders: number;
}

/** Waits for an order, gives the pushes to `receive` without HTTP, and tells how many it took a second. */
export function receiveInALoop(receive: (push: Push) => Promise<void>): void {
  const loop = async (pushes: Push[], senders: number) => {
    const left = pushes[Symbol.iterator]();
    const send = async () => {
      for (const push of left) await receive(push);
    };
    await Promise.all(Array.from({ length: senders }, send));
  };
  const obey = async ({ pushes, warmUp, senders }: LoopOrder) => {
    await loop(pushes.slice(0, warmUp), senders);
    const startedAt = performance.now();
    await loop(pushes.slice(warmUp), senders);
    process.send?.({ rate: (pushes.length - warmUp) / ((performance.now() - startedAt) / 1000) });
  };
  process.once('message', (order: LoopOrder) => void obey(order));
}
