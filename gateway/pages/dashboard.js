// The dashboard: what the server's feed tells is kept here, and shown as rows.

import { count, figure, bytes, percent } from "./amounts.js";
import { openCreator } from "./dashboard_create.js";
import { confirmAndSend, read } from "./dashboard_dialogs.js";
import { Feed } from "./dashboard_feed.js";
import { COLUMNS, KINDS, View } from "./dashboard_view.js";
import { Rows } from "./dashboard_rows.js";
import { at, element, put } from "./element.js";

const HOLD_MS = 2000;

const instances = new Map();
const view = new View(new URLSearchParams(location.search));
let usedAt = 0;
let isDue = false;
let serverAheadS = 0;

const rows = new Rows(at("rows"), (visible) => feed.look(visible));
const feed = new Feed(onMessage, onConnection);

function onMessage(message) {
  serverAheadS = message.now - Date.now() / 1000;
  if (message.whole) instances.clear();
  for (const [id, fields] of Object.entries(message.rows)) {
    instances.set(id, { ...(instances.get(id) ?? { id }), ...fields });
  }
  for (const id of message.gone) instances.delete(id);
  showMachine(message.machine);
  schedule();
}

function onConnection(isOpen, reason = "The server does not answer; what is shown is old. Trying again …") {
  say(isOpen ? "" : reason);
  document.body.classList.toggle("stale", !isOpen);
}

function say(text) {
  at("message").hidden = !text;
  put(at("message"), text);
}

/** Shows everything in the next frame, once, however many messages came before it. */
function schedule() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(show);
}

function show() {
  isDue = false;
  const nowS = Date.now() / 1000 + serverAheadS;
  const chosen = view.of([...instances.values()]);
  // Rows do not move away from under a pointer, or while keys go from one to the next.
  rows.show(chosen, nowS, performance.now() - usedAt < HOLD_MS);
  showKinds();
  at("instances").hidden = chosen.length === 0;
  at("empty").hidden = chosen.length > 0;
  put(at("empty"), instances.size ? "No instance is as you have asked." : "There are no instances yet.");
}

function showMachine(machine) {
  let steps = 0;
  let memory = 0;
  let cpu = 0;
  for (const each of instances.values()) {
    steps += each.steps_per_s;
    memory += each.rss_bytes ?? 0;
    cpu += each.cpu_percent ?? 0;
  }
  const used = `${figure(steps)} steps/s · ${bytes(memory)} · CPU ${percent(cpu)} of ${100 * machine.cores} %`;
  put(at("machine"), `${used} · load ${machine.load}`);
  const artifacts = at("artifacts");
  if (artifacts.hidden) {
    rows.artifacts = `${location.protocol}//${location.hostname}:${machine.artifacts_port}`;
    artifacts.href = `${rows.artifacts}/`;
    artifacts.hidden = false;
  }
}

function showKinds() {
  const counts = view.counts(instances.values());
  for (const button of at("kinds").children) {
    const { kind } = button.dataset;
    put(button.lastElementChild, count(counts[kind]));
    button.setAttribute("aria-pressed", String(view.kind === kind));
    button.classList.toggle("some", counts[kind] > 0);
  }
  document.title = `${counts.trouble ? `(${counts.trouble}) ` : ""}Dashboard – gym-server`;
}

function showOrder() {
  for (const heading of at("headings").children) {
    const isChosen = heading.dataset.order === view.order;
    if (isChosen) heading.setAttribute("aria-sort", view.isDescending ? "descending" : "ascending");
    else heading.removeAttribute("aria-sort");
  }
  at("order").value = view.order;
}

function changeView(change) {
  change();
  const query = view.query();
  history.replaceState(null, "", query ? `?${query}` : location.pathname);
  usedAt = 0;
  showOrder();
  schedule();
}

function makeHeadings() {
  for (const { name, title, isNumber } of COLUMNS) {
    const button = element("button", { type: "button" }, title);
    button.addEventListener("click", () => changeView(() => view.orderBy(name)));
    const attributes = { role: "columnheader", scope: "col", "data-order": name, class: isNumber ? "number" : "" };
    at("headings").append(element("th", attributes, button));
    at("order").append(element("option", { value: name }, title));
  }
  at("headings").prepend(element("td", { role: "cell" }));
  at("headings").append(element("td", { role: "cell" }));
  at("order").addEventListener("change", (event) => changeView(() => view.orderBy(event.target.value)));
}

function makeKinds() {
  for (const [kind, title] of Object.entries(KINDS)) {
    const button = element("button", { type: "button", "data-kind": kind }, `${title} `, element("b", {}, "0"));
    button.addEventListener("click", () => changeView(() => (view.kind = kind)));
    at("kinds").append(button);
  }
}

async function act(event) {
  const button = event.target.closest("button[data-action]");
  const instance = button && instances.get(button.closest("tr").dataset.id);
  if (!instance) return;
  const { action } = button.dataset;
  if (action === "kill" || action === "close") {
    await confirmAndSend(action, instance, say);
  } else {
    read(action, instance);
  }
}

function main() {
  makeHeadings();
  makeKinds();
  showOrder();
  const filter = at("filter");
  filter.value = view.words;
  filter.addEventListener("input", () => changeView(() => (view.words = filter.value)));
  at("rows").addEventListener("click", act);
  for (const use of ["pointermove", "keydown"]) {
    at("rows").addEventListener(use, () => (usedAt = performance.now()), { passive: true });
  }
  at("create").addEventListener("click", () => openCreator((ids) => rows.find(ids)));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.closest("input, textarea, select, dialog")) return;
    event.preventDefault();
    filter.focus();
  });
  setInterval(schedule, 1000); // times go on while the server has nothing to tell
  feed.open();
}

main();
