// How fast a counter grows, over the last few seconds, so that the figure can be read.

const WINDOW_MS = 3000;

export class Rate {
  #seen = [];

  /** The growth per second; null until the counter has been seen twice. */
  add(count, now = performance.now()) {
    const last = this.#seen.at(-1);
    if (last && count < last.count) this.#seen = []; // another run of the same instance
    this.#seen.push({ count, now });
    while (this.#seen.length > 2 && now - this.#seen[1].now >= WINDOW_MS) this.#seen.shift();
    const first = this.#seen[0];
    return now > first.now ? ((count - first.count) * 1000) / (now - first.now) : null;
  }
}
