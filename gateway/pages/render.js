// The live view of one instance: its pictures as a stream, and beside them what the server tells twice a second.

import { messageFor } from "./message.js";
import { Rate } from "./rate.js";

const POLL_MS = 500;
const RETRY_MS = 2000;
const RENEWAL_MS = 20_000;
const PATIENCE_MS = 3000;

const at = (id) => document.getElementById(id);
const instanceId = new URLSearchParams(location.search).get("instance_id") ?? "";
const rate = new Rate();
let picture = at("picture");
let incoming = null;
let requests = 0;
let renewAt = 0;
let timer;

/** The picture comes from that address as soon as it has one; until then the one before it stays. */
function load(path, onRefused) {
  incoming?.removeAttribute("src");
  const image = (incoming = new Image());
  image.addEventListener("load", () => replaceBy(image), { once: true });
  image.addEventListener("error", onRefused);
  // A new query each time, or the browser would take what it has.
  image.src = `/${instanceId}/${path}?${++requests}`;
}

function replaceBy(image) {
  image.id = "picture";
  image.alt = picture.alt;
  image.hidden = picture.hidden;
  picture.replaceWith(image);
  picture.removeAttribute("src"); // ends its stream
  picture = image;
  incoming = null;
}

/** Pictures as they are drawn. No event tells that a stream broke off, so another one takes its place now and then. */
function stream() {
  renewAt = performance.now() + RENEWAL_MS;
  load("live", () => {
    // Too many viewers, or just closed: a still picture, until it is time to ask again.
    renewAt = performance.now() + RETRY_MS;
    load("rendered/latest.png", () => {});
  });
}

/** The server draws no more for us, and the browser has its connections back. */
function leave() {
  renewAt = 0;
  incoming?.removeAttribute("src");
  picture.removeAttribute("src");
}

/** Sets a text only if it is another: screen readers speak, and selections are lost, whenever one is set. */
function put(id, text) {
  if (at(id).textContent !== text) at(id).textContent = text;
}

function say(message) {
  at("message").hidden = !message;
  put("message", message);
}

const shown = (value) => value?.toLocaleString() ?? "–";

function show(status) {
  const name = status.env_id ?? "Unknown environment";
  const state = status.state ?? "gone";
  const perSecond = status.steps === null ? null : rate.add(status.steps);
  say(messageFor(status));
  put("heading", name);
  put("env_id", name);
  put("state", state);
  at("state").className = `state ${state}`;
  put("steps", shown(status.steps));
  put("episodes", shown(status.episodes));
  put("rate", perSecond === null ? "–" : perSecond.toFixed(perSecond < 10 ? 1 : 0));
  put("tail", status.crash?.log_tail ?? "");
  at("output").hidden = !status.crash?.log_tail;
  document.title = `${name} – live view`;
  picture.alt = `The last picture of ${name}`;
  picture.hidden = !status.has_picture;
  const mayMove = status.state !== null;
  const isDue = !document.hidden && performance.now() >= renewAt;
  if (isDue && (mayMove || (status.has_picture && renewAt === 0))) stream();
}

async function ask() {
  const response = await fetch(`/${instanceId}/status`, {
    cache: "no-store",
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  return { isFound: response.ok, body: await response.json() };
}

/** Asks again and again, but not for an instance that there never was. */
async function poll() {
  try {
    const { isFound, body } = await ask();
    if (!isFound) return say(body.detail);
    show(body);
  } catch {
    renewAt = 0; // a server that comes back knows nothing of our stream
    say("The server does not answer. Trying again …");
  }
  clearTimeout(timer); // a page hidden and shown again has two polls under way
  if (!document.hidden) timer = setTimeout(poll, POLL_MS);
}

function start() {
  const crumb = at("crumb");
  crumb.hidden = false;
  crumb.firstElementChild.textContent = instanceId;
  crumb.firstElementChild.href = `/${instanceId}/`;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (document.hidden) leave();
    else poll();
  });
  poll();
}

if (/^[0-9a-f]{8}$/.test(instanceId)) start();
else say("Which instance? This address has to end in ?instance_id= and its id; the list of instances has the links.");
