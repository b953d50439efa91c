// The page on which a person drives an instance by hand: one request at a time, each of them shown when it has come back.

import { ask, askFor, pathOf } from "./api.js";
import { count } from "./amounts.js";
import { coloured } from "./ansi.js";
import { at, element, put } from "./element.js";
import { makeControls } from "./play_controls.js";

const MAX_SHOWN = 4000;
const MAX_EPISODES = 20;
const MAX_PACE = 30;
const LONG_MS = 1000;

const instanceId = new URLSearchParams(location.search).get("instance_id") ?? "";
const path = pathOf(instanceId);

let instance = null;
let controls = null;
let episode = null;
let isWaiting = false;
let runner = null;

function say(text) {
  at("message").hidden = !text;
  put(at("message"), text);
}

/** One request after the other: what is asked for while one is under way is dropped, as a game drops keys. */
async function alone(work) {
  if (isWaiting) return;
  wait(true);
  const impatience = setTimeout(() => say("The environment has not answered yet …"), LONG_MS);
  try {
    await work();
  } catch (problem) {
    stopRunning();
    fail(problem);
  } finally {
    clearTimeout(impatience);
    wait(false);
  }
}

function wait(isOn) {
  isWaiting = isOn;
  document.body.classList.toggle("waiting", isOn);
}

function fail(problem) {
  const advice = { reset_needed: " Reset begins an episode." }[problem.code] ?? "";
  say(problem.message + advice);
  const { crash } = problem;
  if (!crash) return;
  episode = null;
  showEpisode();
  put(at("tail"), [crash.traceback, crash.log_tail].filter(Boolean).join("\n\n"));
  at("output").hidden = !at("tail").textContent;
}

async function reset() {
  const seed = at("seed").value;
  const { observation, info } = await ask("POST", `${path}/reset`, seed === "" ? {} : { seed: Number(seed) });
  episode = { length: 0, sum: 0, isOver: false, flags: [] };
  at("output").hidden = true;
  say("");
  put(at("reward"), "–");
  put(at("action"), "–");
  tell(observation, info);
  showEpisode();
  await showPicture();
}

async function step(action) {
  const told = await ask("POST", `${path}/step`, { action });
  const isNew = episode === null || (episode.isOver && instance.autoreset !== "disabled");
  if (isNew) episode = { length: 0, sum: 0, isOver: false, flags: [] };
  const { reward } = told;
  episode.length += 1;
  episode.sum += Number(reward);
  episode.flags = ["terminated", "truncated"].filter((flag) => told[flag]);
  episode.isOver = episode.flags.length > 0;
  put(at("reward"), typeof reward === "number" ? figureOf(reward) : reward);
  put(at("action"), short(action));
  tell(told.observation, told.info);
  showEpisode();
  if (episode.isOver) end();
  else say("");
  await showPicture();
}

/** The episode is among those that have ended, and how it goes on is told. */
function end() {
  const { length, sum, flags } = episode;
  const line = `${flags.join(", ")} after ${length} ${length === 1 ? "step" : "steps"}, return ${figureOf(sum)}`;
  at("episodes").prepend(element("li", {}, line));
  at("episodes").hidden = false;
  at("episodes").children[MAX_EPISODES]?.remove();
  if (instance.autoreset === "disabled") {
    stopRunning();
    say(`The episode has ended: ${line}. Reset begins another.`);
  } else {
    say(`The episode has ended: ${line}. The next begins by itself.`);
  }
}

function showEpisode() {
  put(at("return"), episode ? figureOf(episode.sum) : "–");
  put(at("length"), episode ? String(episode.length) : "–");
  put(at("flags"), episode?.flags.join(", ") || "none");
  const canStep = episode !== null && !(episode.isOver && instance.autoreset === "disabled");
  for (const control of [...at("controls").elements, at("random"), at("run")]) control.disabled = !canStep;
}

const figureOf = (value) => (Number.isFinite(value) ? String(Math.round(1e4 * value) / 1e4) : String(value));

const short = (value, most = 80) => {
  const text = JSON.stringify(value);
  return text.length > most ? `${text.slice(0, most)} …` : text;
};

function tell(observation, info) {
  put(at("observation"), short(observation, MAX_SHOWN));
  put(at("info"), JSON.stringify(info, null, 1).slice(0, MAX_SHOWN));
}

/** The picture of now, or why there is none; a picture that cannot be drawn does not stop the game. */
async function showPicture() {
  const mode = instance.render_mode;
  if (mode === null) return showText("This environment cannot be drawn: it was made without a render mode.");
  const isText = mode.startsWith("ansi");
  try {
    const response = await askFor(`${path}/render`, isText ? "text/plain" : "image/png");
    if (isText) return showText(await response.text());
    const address = URL.createObjectURL(await response.blob());
    const picture = at("picture");
    const before = picture.src;
    picture.src = address;
    await picture.decode();
    if (before) URL.revokeObjectURL(before);
    picture.hidden = false;
    at("text").hidden = true;
  } catch (problem) {
    showText(problem.message);
  }
}

function showText(text) {
  at("picture").hidden = true;
  at("text").hidden = false;
  at("text").replaceChildren(...coloured(text));
}

/** The action that the controls say. */
function chosen() {
  return alone(async () => step(controls.action()));
}

async function tryAtRandom() {
  const action = await sample();
  controls.set(action);
  await step(action);
}

async function sample() {
  return (await ask("POST", `${path}/action_space/sample`, {})).values[0];
}

function stopRunning() {
  clearTimeout(runner);
  runner = null;
  at("run").setAttribute("aria-pressed", "false");
}

function startRunning() {
  at("run").setAttribute("aria-pressed", "true");
  const go = async () => {
    const began = performance.now();
    await chosen();
    if (runner === null) return;
    const pace = Math.min(MAX_PACE, Math.max(1, Number(at("pace").value) || 10));
    runner = setTimeout(go, Math.max(0, 1000 / pace - (performance.now() - began)));
  };
  runner = setTimeout(go, 0);
}

function onKey(event) {
  const isTyping = event.target.closest("input, textarea, select");
  if (isTyping || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "r") {
    event.preventDefault();
    alone(reset);
    return;
  }
  const isPressing = event.target.closest("button, a, summary") && event.key === "Enter";
  if (isPressing || !controls.keys.has(event.key) || at("random").disabled) return;
  event.preventDefault();
  take(controls.keys.get(event.key));
}

/** While it keeps going, a key or a button only says what is to be done next. */
function take(action) {
  controls.set(action);
  if (runner === null) chosen();
}

async function start() {
  instance = await ask("GET", path);
  document.title = `Play ${instance.env_id} – gym-server`;
  put(at("heading"), instance.env_id);
  put(at("crumb"), instanceId);
  at("picture").alt = `The picture of ${instance.env_id}`;
  at("game").hidden = false;
  at("pace").value = String(Math.min(MAX_PACE, Math.max(1, Math.round(instance.render_fps ?? 10))));
  controls = makeControls(at("controls"), instance.spaces.action_space, instance.env_id, take);
  showEpisode();
  listen();
  if (controls.needsSample) controls.set(await sample());
  if (instance.state === "crashed") return fail({ message: "This instance has crashed.", crash: instance.crash });
  if (instance.steps === 0) return say("Reset begins an episode. R does so, too.");
  // Somebody has played already: the episode goes on where it is, if it has not ended.
  episode = { length: 0, sum: 0, isOver: false, flags: [] };
  showEpisode();
  say(`${count(instance.steps)} steps were taken before you came.`);
  return showPicture();
}

function listen() {
  at("beginning").addEventListener("submit", (event) => {
    event.preventDefault();
    alone(reset);
  });
  at("controls").addEventListener("submit", (event) => {
    event.preventDefault();
    chosen();
  });
  at("random").addEventListener("click", () => alone(tryAtRandom));
  at("run").addEventListener("click", () => (runner === null ? startRunning() : stopRunning()));
  document.addEventListener("keydown", onKey);
}

start().catch((problem) => {
  say(instanceId ? problem.message : "Which instance? This address has to end in ?instance_id= and its id; the dashboard has the links.");
});
