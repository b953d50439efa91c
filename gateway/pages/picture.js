// The moving picture of one instance: its stream, or, where that is refused, one picture after the other.

const RENEWAL_MS = 20_000;
const RETRY_MS = 2000;

export class MovingPicture {
  #shown;
  #path;
  #stream = null;
  #isStreaming = false;
  #renewAt = 0;
  #still = null;
  #stillOf = "";
  #requests = 0;

  /** Takes the place of an `<img>`; `path` is that of the stream. */
  constructor(image, path) {
    this.#shown = image;
    this.#path = path;
  }

  /**
   * Brings the picture up to date; to be called twice a second. `still` is where the last picture is, if there is one:
   * another address, another picture. An instance that `mayMove` is drawn as long as its stream is open.
   */
  refresh({ still, mayMove, isHidden, alt }) {
    this.#shown.alt = alt;
    this.#shown.hidden = isHidden;
    if (mayMove && performance.now() >= this.#renewAt) this.#open();
    if (still && !this.#isStreaming && still !== this.#stillOf) {
      this.#stillOf = still;
      const image = (this.#still = this.#load(still));
      image.addEventListener("load", () => {
        if (this.#still === image && !this.#isStreaming) this.#replaceBy(image);
      });
    }
  }

  /** The server draws no more for us, and the browser has its connections back. */
  leave() {
    this.#renewAt = 0;
    this.#stillOf = "";
    this.#isStreaming = false;
    this.#stream?.removeAttribute("src");
    this.#shown.removeAttribute("src");
  }

  /** No event tells that a stream has ended, so another one takes its place now and then. */
  #open() {
    this.#renewAt = performance.now() + RENEWAL_MS;
    if (this.#stream !== this.#shown) this.#stream?.removeAttribute("src");
    // A new query each time, or the browser would take what it has.
    const image = (this.#stream = this.#load(`${this.#path}?${++this.#requests}`));
    const onFirst = () => {
      if (this.#stream !== image || this.#shown === image) return;
      this.#isStreaming = true;
      this.#replaceBy(image);
    };
    image.addEventListener("load", onFirst);
    image.addEventListener("error", () => {
      // Too many viewers, or just closed: single pictures, until it is time to ask again.
      this.#isStreaming = false;
      this.#renewAt = performance.now() + RETRY_MS;
    });
  }

  #load(path) {
    const image = new Image();
    image.src = path;
    return image;
  }

  /** The picture before stays until this one has something to show. */
  #replaceBy(image) {
    image.id = this.#shown.id;
    image.alt = this.#shown.alt;
    image.hidden = this.#shown.hidden;
    this.#shown.replaceWith(image);
    this.#shown.removeAttribute("src"); // ends its stream
    this.#shown = image;
  }
}
