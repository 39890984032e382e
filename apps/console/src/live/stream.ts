/** The api says something every 15 seconds, so a connection that is silent for so long is lost. */
const SILENCE_MS = 45_000;
const AGAIN_MS = 3_000;

export interface Follower {
  /** From now on events come. */
  onOpen: () => void;
  onTypes: (types: readonly string[]) => void;
  /** What happens from now on is not told. The stream is opened again. */
  onLost: (isRefused: boolean) => void;
}

/**
 * The types of the events at an address, as they come. Not with an EventSource: it does not tell of signs of life, so
 * that a connection that died without a word would look well for ever.
 * @returns what ends it
 */
export function followTypes(address: string, { onOpen, onTypes, onLost }: Follower): () => void {
  let connection: AbortController;
  let again: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;

  const connect = async () => {
    const own = new AbortController();
    connection = own;
    let silence: ReturnType<typeof setTimeout> | undefined;
    const hear = () => {
      clearTimeout(silence);
      silence = setTimeout(() => own.abort(), SILENCE_MS);
    };
    let isRefused = false;
    hear();
    try {
      const { ok, body } = await fetch(address, { signal: own.signal, cache: 'no-store' });
      isRefused = !ok;
      if (ok && body && !isOver) {
        onOpen();
        for await (const types of typesIn(body)) {
          hear();
          if (types.length > 0) onTypes(types);
        }
      }
    } catch {
      // Ended, cut off or silent: the next step is the same.
    }
    clearTimeout(silence);
    if (isOver) return;
    own.abort();
    onLost(isRefused);
    again = setTimeout(() => void connect(), AGAIN_MS);
  };
  void connect();
  return () => {
    isOver = true;
    clearTimeout(again);
    connection.abort();
  };
}

/** The types of the events in a stream of server-sent events, for each piece that comes: most often none or one. */
export async function* typesIn(body: ReadableStream<Uint8Array>): AsyncGenerator<string[], void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const end = text.lastIndexOf('\n') + 1;
    yield [...text.slice(0, end).matchAll(/^event: (\S+)$/gm)].map(([, type = '']) => type);
    text = text.slice(end);
  }
}
