// The dialog that makes an instance out of what the registry has.

import { ask } from "./api.js";
import { at, element, put } from "./element.js";

const MAX_SHOWN = 500;

let environments = null;
let onMade = () => {};

/** The dialog is open; `found` gets the ids of what was made. */
export async function openCreator(found) {
  onMade = found;
  say("");
  at("creator").showModal();
  if (environments) return;
  say("The server looks through its registry; the first time that takes a while. An id can be typed at once.");
  try {
    environments = (await ask("GET", "/v2/registry")).environments;
    environments.sort((a, b) => b.makeable - a.makeable || a.env_id.localeCompare(b.env_id));
    say("");
    list();
  } catch (problem) {
    say(problem.message);
  }
}

function say(text) {
  at("creator-message").hidden = !text;
  put(at("creator-message"), text);
}

/** The environments that have the words that are searched for. */
function list() {
  const words = at("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = environments.filter(({ env_id }) => words.every((word) => env_id.toLowerCase().includes(word)));
  const options = found.slice(0, MAX_SHOWN).map(({ env_id, makeable }) => {
    const option = element("option", { value: env_id }, makeable ? env_id : `${env_id} (not here)`);
    option.disabled = !makeable;
    return option;
  });
  at("env_id").replaceChildren(...options);
  const first = options.find((option) => !option.disabled);
  if (first) first.selected = true;
  listModes();
}

/** The render modes of the chosen environment that leave a picture, coloured ones first, and none at all. */
function listModes() {
  const chosen = environments?.find(({ env_id }) => env_id === at("env_id").value);
  const modes = (chosen?.render_modes ?? ["rgb_array"]).filter((mode) => mode !== "human");
  modes.sort((a, b) => (b === "rgb_array") - (a === "rgb_array"));
  const none = element("option", { value: "" }, "none: no pictures");
  at("render_mode").replaceChildren(...modes.map((mode) => element("option", {}, mode)), none);
}

/** The labels that were typed; throws where one has no colon. */
function labels() {
  const pairs = at("labels").value.split(",").map((label) => label.trim()).filter(Boolean);
  return Object.fromEntries(
    pairs.map((pair) => {
      const colon = pair.indexOf(":");
      if (colon < 1) throw new Error(`A label has a name, a colon and a value, as in user:ada; this one has not: ${pair}`);
      return [pair.slice(0, colon).trim(), pair.slice(colon + 1).trim()];
    }),
  );
}

function fields() {
  const body = { env_id: at("env_id").value || at("search").value.trim(), count: Number(at("count").value), labels: labels() };
  body.autoreset = at("autoreset").value;
  body.on_crash = at("on_crash").value;
  if (at("render_mode").value) body.render_mode = at("render_mode").value;
  const kwargs = at("kwargs").value.trim();
  if (kwargs) {
    try {
      body.kwargs = JSON.parse(kwargs);
    } catch (error) {
      throw new Error(`The arguments are not JSON: ${error.message}`);
    }
  }
  return body;
}

async function create(event) {
  event.preventDefault();
  const submit = event.submitter;
  try {
    const body = fields();
    if (submit) submit.disabled = true;
    say("It is being made.");
    const { instances } = await ask("POST", "/v2/envs", body);
    at("creator").close();
    onMade(instances.map((made) => made.instance_id));
  } catch (error) {
    say(error.message);
  } finally {
    if (submit) submit.disabled = false;
  }
}

at("search").addEventListener("input", () => environments && list());
at("env_id").addEventListener("change", listModes);
at("creation").addEventListener("submit", create);
at("creator-cancel").addEventListener("click", () => at("creator").close());
listModes();
