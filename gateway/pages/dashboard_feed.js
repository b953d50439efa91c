// The server's feed: one WebSocket that is opened again whenever it ends.

import { ask } from "./api.js";

const RETRY_MS = [500, 1000, 2000, 4000];
const SILENCE_MS = 15_000; // the server says something every five seconds
const SETTLE_MS = 150;

export class Feed {
  #socket = null;
  #onMessage;
  #onConnection;
  #failures = 0;
  #hasOpened = false;
  #visible = [];
  #silence;
  #telling;

  constructor(onMessage, onConnection) {
    this.#onMessage = onMessage;
    this.#onConnection = onConnection;
    document.addEventListener("visibilitychange", () => this.#tell());
  }

  open() {
    const socket = new WebSocket(`${location.protocol.replace("http", "ws")}//${location.host}/dashboard/feed`);
    this.#socket = socket;
    socket.addEventListener("message", (event) => {
      this.#failures = 0;
      this.#hasOpened = true;
      this.#expectMore();
      const message = JSON.parse(event.data);
      if (message.whole) this.#onConnection(true);
      this.#onMessage(message);
    });
    socket.addEventListener("open", () => this.#tell());
    socket.addEventListener("close", () => this.#retry(socket));
    this.#expectMore();
  }

  /** These rows are on the screen: the server draws no others. */
  look(visible) {
    this.#visible = visible;
    clearTimeout(this.#telling);
    this.#telling = setTimeout(() => this.#tell(), SETTLE_MS);
  }

  #tell() {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(JSON.stringify({ visible: document.hidden ? [] : this.#visible.slice(0, 256) }));
  }

  #expectMore() {
    clearTimeout(this.#silence);
    const socket = this.#socket;
    this.#silence = setTimeout(() => {
      socket.close();
      this.#retry(socket); // closing takes an answer, and there may be nobody to give it
    }, SILENCE_MS);
  }

  /** A socket that is refused does not tell why, so the same is asked in another way. */
  async #explain() {
    try {
      await ask("GET", "/dashboard/feed");
    } catch (problem) {
      if ([401, 403, 429].includes(problem.status)) this.#onConnection(false, problem.message);
    }
  }

  #retry(socket) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    clearTimeout(this.#silence);
    this.#onConnection(false);
    if (!this.#hasOpened) this.#explain();
    setTimeout(() => this.open(), RETRY_MS[Math.min(this.#failures++, RETRY_MS.length - 1)]);
  }
}
