// What lies one click behind a row: the question before something is destroyed, and what an instance has to tell.

import { ask, askText, pathOf } from "./api.js";
import { count, seconds } from "./amounts.js";
import { at, element, put } from "./element.js";

const FOLLOW_MS = 1000;
const LOG_BYTES = 64 * 1024;

const DESTROYS = {
  kill: {
    verb: "Kill",
    method: "POST",
    path: "/kill",
    text: "Its process and all that it has started end at once, whatever they do. What is not yet written is lost; the instance stays in the list, with a crash report.",
  },
  close: {
    verb: "Close",
    method: "DELETE",
    path: "",
    text: "The environment may end what it does and close itself, then it is gone from the list. What it has left on disk stays.",
  },
};

/** The instance is ended if the user says yes; `say` tells what went wrong. */
export async function confirmAndSend(action, instance, say) {
  const { verb, method, path, text } = DESTROYS[action];
  put(at("confirm-title"), `${verb} ${instance.env_id} ${instance.id}?`);
  put(at("confirm-text"), `${text} It has taken ${count(instance.steps)} steps.`);
  put(at("confirm-yes"), verb);
  if (!(await isConfirmed())) return;
  try {
    await ask(method, pathOf(instance.id) + path);
    say("");
  } catch (problem) {
    say(`${verb} ${instance.id}: ${problem.message}`);
  }
}

function isConfirmed() {
  const dialog = at("confirm");
  return new Promise((resolve) => {
    const settle = (answer) => () => {
      answered.abort();
      dialog.close();
      resolve(answer);
    };
    const answered = new AbortController();
    const { signal } = answered;
    at("confirm-yes").addEventListener("click", settle(true), { signal });
    at("confirm-no").addEventListener("click", settle(false), { signal });
    dialog.addEventListener("close", settle(false), { signal });
    dialog.showModal();
  });
}

const READERS = {
  logs: {
    title: "What it printed",
    about: "The end of its log; new lines appear by themselves.",
    load: async (id) => [["", (await askText(`${pathOf(id)}/logs?tail=${LOG_BYTES}`)) || "It has printed nothing."]],
  },
  stack: {
    title: "Where it is",
    about: "The Python stack of every thread, at this moment.",
    load: async (id) => [["", await askText(`${pathOf(id)}/stack`)]],
  },
  crash: { title: "How it ended", about: "", load: async (id) => crashParts(await ask("GET", pathOf(id))) },
};

let reading = null;
let timer;

/** A dialog shows the log, the stack or the crash report of the instance. */
export function read(kind, instance) {
  reading = { ...READERS[kind], kind, id: instance.id };
  put(at("reader-title"), `${reading.title}: ${instance.env_id} ${instance.id}`);
  put(at("reader-about"), reading.about);
  at("reader-about").hidden = !reading.about;
  at("reader-again").hidden = kind !== "stack";
  at("reader-parts").replaceChildren();
  at("reader").showModal();
  load();
}

async function load() {
  const wanted = reading;
  let parts;
  try {
    parts = await wanted.load(wanted.id);
  } catch (problem) {
    parts = [["", problem.message]];
  }
  if (reading !== wanted) return;
  fill(parts);
  if (wanted.kind === "logs") timer = setTimeout(load, FOLLOW_MS);
}

/** A heading and a text for each part; who reads in the middle of a text is left there. */
function fill(parts) {
  const box = at("reader-parts");
  if (box.querySelectorAll("pre").length !== parts.length) {
    const made = parts.map(([title]) => {
      const pre = element("pre", { tabindex: "0", "aria-label": title || at("reader-title").textContent });
      return title ? [element("h3", {}, title), pre] : [pre];
    });
    box.replaceChildren(...made.flat());
  }
  box.querySelectorAll("pre").forEach((pre, index) => {
    const isAtEnd = pre.scrollTop + pre.clientHeight >= pre.scrollHeight - 4;
    if (pre.textContent === parts[index][1]) return;
    pre.textContent = parts[index][1];
    if (isAtEnd && reading.kind === "logs") pre.scrollTop = pre.scrollHeight;
  });
}

function crashParts(document) {
  const { crash } = document;
  if (!crash) return [["", "It runs again; nothing is left to tell of how it ended."]];
  const facts = [
    `cause      ${crash.cause}${crash.reason ? `: ${crash.reason}` : ""}`,
    `at         ${crash.at}`,
    `command    ${crash.command ?? "none ran"}${crash.elapsed_s === null ? "" : `, for ${seconds(crash.elapsed_s)}`}`,
    `exit code  ${crash.exit_code ?? "–"}`,
    `signal     ${crash.signal ?? "–"}`,
    `steps      ${count(crash.steps)}`,
    `restarts   ${document.restarts}; ${document.on_crash === "restart" ? "the next reset starts it afresh" : "it stays down"}`,
  ];
  const parts = [["", facts.join("\n")]];
  if (crash.traceback) parts.push(["Its stack", crash.traceback]);
  if (crash.log_tail) parts.push(["The last that it printed", crash.log_tail]);
  return parts;
}

at("reader-again").addEventListener("click", load);
at("reader-close").addEventListener("click", () => at("reader").close());
at("reader").addEventListener("close", () => {
  clearTimeout(timer);
  reading = null;
});
