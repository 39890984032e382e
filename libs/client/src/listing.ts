export interface Page<Item> {
  data: Item[];
  next_cursor: string | null;
}

/**
 * A list of any length. `await` gives its first page, `for await` each item of all pages; the next page is asked for when the items of
 * the one before are used up.
 */
export class Listing<Item> implements PromiseLike<Page<Item>>, AsyncIterable<Item> {
  /** @param read the page at a cursor; without a cursor, the first one */
  constructor(private readonly read: (cursor: string | undefined) => Promise<Page<Item>>) {}

  then<A = Page<Item>, B = never>(
    onPage?: ((page: Page<Item>) => A | PromiseLike<A>) | null,
    onError?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.read(undefined).then(onPage, onError);
  }

  async *pages(): AsyncGenerator<Page<Item>, void> {
    let cursor: string | undefined;
    do {
      const page = await this.read(cursor);
      yield page;
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void> {
    for await (const { data } of this.pages()) yield* data;
  }
}
