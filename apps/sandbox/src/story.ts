/** Tells the steps of the demo as they happen, and knows in the end whether all came out as told. */
export class Story {
  private failures = 0;
  private steps = 0;

  get isAsTold(): boolean {
    return this.failures === 0;
  }

  /** Runs a step; what it returns is told in its line. A step that throws is told as failed, and the story goes on. */
  async step(title: string, run: () => Promise<string>): Promise<void> {
    const number = String(++this.steps).padStart(2);
    const startedAt = performance.now();
    const took = () => `${Math.round(performance.now() - startedAt)} ms`;
    try {
      const result = await run();
      console.log(`${number} ✓ ${title} (${took()})${indented(result)}`);
    } catch (error) {
      this.failures++;
      console.log(
        `${number} ✗ ${title} (${took()})${indented(error instanceof Error ? error.message : String(error))}`,
      );
    }
  }
}

const indented = (text: string) => (text ? `\n     ${text.replaceAll('\n', '\n     ')}` : '');
