// The evaluations of one environment: their learning curves in one chart, and a table, the best first.

import { Chart } from "./chart.js";
import { element } from "./element.js";
import { addressIn, figure, linkTo, moment } from "./figures.js";

const MAX_CURVES = 6;
const MAX_SHOWN = 60;

function writeup({ writeup: text }) {
  if (!text) return "–";
  const href = addressIn(text);
  if (href) return linkTo(href, "Write-up");
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

const COLUMNS = [
  ["Best mean of 100", (evaluation) => figure(evaluation.best_100_episode_mean), "number"],
  ["Episodes to solve", (evaluation) => figure(evaluation.episodes_to_solve), "number"],
  ["Episodes", (evaluation) => figure(evaluation.episodes), "number"],
  ["Steps", (evaluation) => figure(evaluation.steps), "number"],
  ["Videos", (evaluation) => figure(evaluation.videos.length), "number"],
  ["Uploaded", (evaluation) => moment(evaluation.created_at), ""],
  ["Write-up", writeup, ""],
];

const nameOf = (evaluation) => evaluation.algorithm_id ?? "Unnamed";

function row(evaluation, rank, address) {
  const open = element("a", { href: address({ evaluation: evaluation.evaluation_id }) }, nameOf(evaluation));
  const cells = COLUMNS.map(([label, cell, kind]) =>
    element("td", { "data-label": label, class: kind }, cell(evaluation)),
  );
  const rankCell = element("td", { "data-label": "Rank", class: "rank" }, `${rank}`);
  return element("tr", {}, rankCell, element("th", { scope: "row" }, open), ...cells);
}

function table({ envId, evaluations, firstRank }, address) {
  const headings = ["Rank", "Algorithm"].map((label) => element("th", { scope: "col" }, label));
  headings.push(...COLUMNS.map(([label, , kind]) => element("th", { scope: "col", class: kind }, label)));
  const rows = evaluations.map((evaluation, index) => row(evaluation, firstRank + index, address));
  return element(
    "table",
    { class: "ranking" },
    element("caption", { class: "unseen" }, `Evaluations of ${envId}, the best first`),
    element("thead", {}, element("tr", {}, ...headings)),
    element("tbody", {}, ...rows),
  );
}

function curves({ envId, evaluations, firstRank }) {
  const series = evaluations.slice(0, MAX_CURVES).map((evaluation, index) => ({
    name: `${firstRank + index}. ${nameOf(evaluation)}`,
    points: evaluation.learning_curve.map((point) => [point.episode, point.mean_return]),
  }));
  const host = element("div");
  const about = `Learning curves of ${series.length} of the evaluations of ${envId}: mean return by episode.`;
  new Chart(host).show({ series, xLabel: "Episode", yLabel: "Mean return", about });
  return host;
}

/** A section of the page; `address` is the page with other parts of its query. */
export function ranking(group, address) {
  const link = element("a", { href: address({ env_id: group.envId, offset: null }) }, group.envId);
  return element("section", { class: "ranked" }, element("h2", {}, link), curves(group), table(group, address));
}
