// The live view of one instance: what it draws, and beside that what the server tells twice a second.

import { coloured } from "./ansi.js";
import { Chart } from "./chart.js";
import { at, element, put } from "./element.js";
import { messageFor } from "./message.js";
import { MovingPicture } from "./picture.js";
import { Rate } from "./rate.js";

const POLL_MS = 500;
const PATIENCE_MS = 3000;
const MEAN_OF = 20;
const FOLDERS = { rendered: "pictures", simulation: "recordings", logs: "logs" };

const instanceId = new URLSearchParams(location.search).get("instance_id") ?? "";
const picture = new MovingPicture(at("picture"), `/${instanceId}/live`);
const chart = new Chart(at("returns"));
const rate = new Rate();
let episodesDrawn = 0;
let textDrawn = "";
let timer;

const number = new Intl.NumberFormat("en", { maximumFractionDigits: 3 });
const shown = (value) => (value === null || value === undefined ? "–" : number.format(value));

function say(message) {
  at("message").hidden = !message;
  put(at("message"), message);
}

async function ask(path) {
  return fetch(path, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
}

/** The mean of each value and those before it, as many as are averaged. */
function means(points) {
  let sum = 0;
  return points.map(([x, y], index) => {
    sum += y - (index >= MEAN_OF ? points[index - MEAN_OF][1] : 0);
    return [x, sum / Math.min(index + 1, MEAN_OF)];
  });
}

/** The returns of past episodes, asked for when another one has ended. */
async function drawReturns(episodes) {
  const response = await ask(`/${instanceId}/statistics`);
  if (!response.ok) return;
  const { returns } = await response.json();
  episodesDrawn = episodes;
  const first = episodes - returns.length + 1;
  const points = returns.map((value, index) => [first + index, value]).filter(([, value]) => Number.isFinite(value));
  const series = [{ name: "Return", points, isDots: true }];
  if (points.length > 2) series.push({ name: `Mean of the last ${MEAN_OF}`, points: means(points) });
  const last = points.at(-1)?.[1];
  const about = `The returns of the last ${points.length} of ${episodes} episodes; that of the last one is ${shown(last)}.`;
  at("past").hidden = false;
  chart.show({ series, xLabel: "Episode", yLabel: "Return", about });
}

/** What the environment draws: its text, or its picture. */
async function showDrawing(status) {
  const { text, state } = status;
  if (text && text !== textDrawn) {
    const response = await ask(text);
    if (response.ok) {
      textDrawn = text;
      at("text").replaceChildren(...coloured(await response.text()));
    }
  }
  at("text").hidden = !text;
  at("nothing").hidden = Boolean(text || status.picture);
  picture.refresh({
    still: status.picture,
    mayMove: state !== null && status.render_mode !== null,
    isHidden: Boolean(text) || !status.picture,
    alt: `What ${status.env_id ?? "the environment"} looks like now`,
  });
}

function showFacts(status) {
  const { episode } = status;
  const perSecond = status.steps === null ? null : rate.add(status.steps);
  put(at("env_id"), status.env_id ?? "–");
  put(at("episode"), episode ? `${shown(episode.number)}${episode.is_over ? ", ended" : ""}` : "–");
  put(at("step"), shown(episode?.steps));
  put(at("return"), shown(episode?.return));
  put(at("steps"), shown(status.steps));
  put(at("rate"), perSecond === null ? "–" : perSecond.toFixed(perSecond > 0 && perSecond < 10 ? 1 : 0));
}

async function show(status) {
  const name = status.env_id ?? "Unknown environment";
  const state = status.state ?? "gone";
  say(messageFor(status));
  at("message").classList.toggle("bad", state === "crashed");
  put(at("heading"), name);
  put(at("state"), state);
  at("state").className = `state badge ${state}`;
  at("state").hidden = false;
  at("view").hidden = false;
  document.title = `${name} – live view`;
  showFacts(status);
  put(at("tail"), status.crash?.log_tail ?? "");
  at("output").hidden = !status.crash?.log_tail;
  await showDrawing(status);
  if (status.episodes && status.episodes !== episodesDrawn) await drawReturns(status.episodes);
}

/** Asks again and again, but not for an instance that there never was. */
async function poll() {
  clearTimeout(timer);
  try {
    const response = await ask(`/${instanceId}/status`);
    const told = await response.json();
    if (!response.ok) return say(told.detail);
    if (!document.hidden) await show(told);
  } catch {
    picture.leave(); // a server that comes back knows nothing of our stream
    say("The server does not answer. Trying again …");
  }
  clearTimeout(timer); // a page hidden and shown again has two polls under way
  if (!document.hidden) timer = setTimeout(poll, POLL_MS);
}

function start() {
  const crumb = at("crumb");
  crumb.hidden = false;
  put(crumb.firstElementChild, instanceId);
  crumb.firstElementChild.href = `/${instanceId}/`;
  const links = Object.entries(FOLDERS).map(([folder, name]) => element("a", { href: `/${instanceId}/${folder}/` }, name));
  at("links").replaceChildren(...links);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) picture.leave();
    else poll();
  });
  poll();
}

if (/^[0-9a-f]{8}$/.test(instanceId)) start();
else say("Which instance? This address has to end in ?instance_id= and its id; the list of instances has the links.");
