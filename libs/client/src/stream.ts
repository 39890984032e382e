import { pause } from './pause.js';

/** Of a stream of server-sent events. One without data says only where the stream is. */
export interface Message {
  id: string | undefined;
  event: string | undefined;
  data: string | undefined;
}

/** The api says something every 15 seconds, so a connection that is silent for so long is lost. */
const SILENCE_MS = 60_000;
const PAUSE_MS = 1_000;

/**
 * Goes on where it was when a stream ends or is cut off. Ends with the error of the signal, or when no new stream can be had.
 * @param open the stream behind a message, by its id; what it throws is thrown
 */
export async function* followStream(
  open: (lastEventId: string | undefined) => Promise<ReadableStream<Uint8Array>>,
  lastEventId: string | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<Message, never> {
  for (let last = lastEventId; ; await pause(PAUSE_MS, signal)) {
    for await (const message of messagesOf(await open(last), signal)) {
      last = message.id ?? last;
      yield message;
    }
    signal?.throwIfAborted();
  }
}

/** A message counts when all of it has come. Closes the connection when nobody reads on, and with the signal. */
async function* messagesOf(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Message, void> {
  const reader = body.pipeThrough(textOf()).getReader();
  // The signal of the call may reach its stream no more: what leads there is held by nobody once the stream has begun.
  const end = () => void reader.cancel().catch(() => undefined);
  signal?.addEventListener('abort', end);
  if (signal?.aborted) end();
  try {
    let text = '';
    for (let chunk = await nextOf(reader); chunk !== undefined; chunk = await nextOf(reader)) {
      const pieces = (text + chunk).split('\n\n');
      text = pieces.pop() ?? '';
      for (const piece of pieces) yield messageOf(piece.split('\n'));
    }
  } finally {
    signal?.removeEventListener('abort', end);
    await reader.cancel().catch(() => undefined);
  }
}

/** The types of Node and of browsers do not agree on what it takes. */
const textOf = () =>
  new TextDecoderStream() as { readable: ReadableStream<string>; writable: WritableStream<Uint8Array> };

/** @returns undefined at the end: whether it was ended, cut off or silent, the next step is the same */
async function nextOf(reader: ReadableStreamDefaultReader<string>): Promise<string | undefined> {
  const timer = setTimeout(() => void reader.cancel().catch(() => undefined), SILENCE_MS);
  try {
    return (await reader.read()).value;
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

function messageOf(lines: string[]): Message {
  const [id, event, data] = ['id: ', 'event: ', 'data: '].map((name) =>
    lines.find((line) => line.startsWith(name))?.slice(name.length),
  );
  return { id, event, data };
}
