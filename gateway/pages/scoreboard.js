// The scoreboard: evaluations ranked environment by environment, or one of them, as the page's query says.

import { ask } from "./api.js";
import { at, element, put } from "./element.js";
import { evaluationView } from "./evaluation.js";
import { ranking } from "./ranking.js";

const PAGE_LENGTH = 25;

const query = new URLSearchParams(location.search);

/** The page with other parts of its query; those that are null go. */
function address(changes) {
  const changed = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) changed.delete(name);
    else changed.set(name, value);
  }
  return changed.size ? `/scoreboard?${changed}` : "/scoreboard";
}

function chooser(environments, chosen) {
  const entries = environments.map(({ env_id, evaluations }) => {
    const link = element("a", { href: address({ env_id, offset: null }) }, env_id);
    if (env_id === chosen) link.setAttribute("aria-current", "true");
    return element("li", {}, link, ` ${evaluations}`);
  });
  const all = element("a", { href: address({ env_id: null, offset: null }) }, "All");
  if (chosen === null) all.setAttribute("aria-current", "true");
  const list = element("ul", { class: "chips" }, element("li", {}, all), ...entries);
  return element("nav", { "aria-label": "Environments" }, list);
}

function pager(offset, shown, total) {
  const bar = element("div", { class: "pager" });
  if (shown === total) return bar;
  bar.append(element("p", {}, `${offset + 1} to ${offset + shown} of ${total} evaluations`));
  if (offset > 0) {
    const before = Math.max(0, offset - PAGE_LENGTH) || null;
    bar.append(element("a", { rel: "prev", href: address({ offset: before }) }, "Previous"));
  }
  if (offset + shown < total) {
    bar.append(element("a", { rel: "next", href: address({ offset: offset + shown }) }, "Next"));
  }
  return bar;
}

/** The evaluations of each environment, with the rank of the first of them. */
function grouped(evaluations, environments, offset, chosen) {
  const groups = new Map();
  for (const evaluation of evaluations) {
    groups.set(evaluation.env_id, [...(groups.get(evaluation.env_id) ?? []), evaluation]);
  }
  let before = 0;
  const firstRanks = new Map();
  for (const { env_id, evaluations: count } of environments) {
    firstRanks.set(env_id, Math.max(0, offset - (chosen === null ? before : 0)) + 1);
    before += count;
  }
  return [...groups].map(([envId, own]) => ({ envId, evaluations: own, firstRank: firstRanks.get(envId) ?? 1 }));
}

function filterNotice(algorithm) {
  const all = element("a", { href: address({ algorithm_id: null, offset: null }) }, "Show all");
  return element("p", { class: "notice" }, "Only those of ", element("b", {}, algorithm), ". ", all);
}

async function showList() {
  const [chosen, algorithm] = [query.get("env_id"), query.get("algorithm_id")];
  const offset = Math.max(0, Number.parseInt(query.get("offset") ?? "0", 10) || 0);
  const asked = new URLSearchParams({ limit: PAGE_LENGTH, offset });
  if (chosen !== null) asked.set("env_id", chosen);
  if (algorithm !== null) asked.set("algorithm_id", algorithm);
  const { evaluations, total, environments } = await ask("GET", `/v2/scoreboard?${asked}`);
  const parts = environments.length > 1 || chosen !== null ? [chooser(environments, chosen)] : [];
  if (algorithm !== null) parts.push(filterNotice(algorithm));
  at("content").replaceChildren(...parts);
  if (!evaluations.length) {
    const how = "An evaluation is made of what an instance's monitor has recorded: POST /v2/envs/<instance_id>/upload.";
    at("content").append(element("p", { class: "empty" }, total ? "There are no more." : `Nothing is here yet. ${how}`));
  }
  for (const group of grouped(evaluations, environments, offset, chosen)) at("content").append(ranking(group, address));
  at("content").append(pager(offset, evaluations.length, total));
}

async function showOne(evaluationId) {
  const evaluation = await ask("GET", `/v2/scoreboard/${encodeURIComponent(evaluationId)}`);
  const name = evaluation.algorithm_id ?? "Unnamed algorithm";
  put(at("heading"), name);
  document.title = `${name} – scoreboard`;
  const back = address({ evaluation: null, env_id: evaluation.env_id });
  at("content").replaceChildren(evaluationView(evaluation, back));
}

async function main() {
  const evaluationId = query.get("evaluation");
  if (query.size) at("here").setAttribute("aria-current", "true");
  try {
    await (evaluationId === null ? showList() : showOne(evaluationId));
    at("message").hidden = true;
  } catch (problem) {
    put(at("message"), problem.message);
  }
}

main();
