import { typesIn } from './stream.js';

async function typesOf(...pieces: string[]): Promise<string[][]> {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
      controller.close();
    },
  });
  const found: string[][] = [];
  for await (const types of typesIn(body)) found.push(types);
  return found;
}

describe('the types in a stream of events', () => {
  const event = (type: string) => `id: 12\nevent: ${type}\ndata: {"type":"${type}"}\n\n`;

  it('are those of all that came at once', async () => {
    expect(await typesOf(event('deletion.failed') + event('merchant.authorized'), event('takedown.finished'))).toEqual([
      ['deletion.failed', 'merchant.authorized'],
      ['takedown.finished'],
    ]);
  });

  it('are whole, wherever the stream was cut', async () => {
    const text = event('deletion.failed') + event('takedown.finished');
    for (let at = 0; at <= text.length; at++)
      expect((await typesOf(text.slice(0, at), text.slice(at))).flat()).toEqual([
        'deletion.failed',
        'takedown.finished',
      ]);
  });

  it('are none where only a sign of life came', async () => {
    expect(await typesOf('retry: 2000\nid: 1\n\n', ': still here\nid: 1\n\n')).toEqual([[], []]);
  });

  it('are not what stands in the data', async () => {
    expect(await typesOf('event: webhook.disabled\ndata: {"why":"event: x"}\n\n')).toEqual([['webhook.disabled']]);
  });
});
