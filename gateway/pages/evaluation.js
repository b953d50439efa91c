// One evaluation: what it was worth, how it learned, what it looked like, and what its author says.

import { Chart } from "./chart.js";
import { element } from "./element.js";
import { addressIn, figure, linkTo, moment } from "./figures.js";

const AT_ONCE = 6;
const AXES = {
  episode: "Episode",
  steps: "Steps",
  elapsed_s: "Seconds since the first reset",
};

/** Where the gateway has the file that is at that path of the artifact port. */
const fileAt = (path) => `/scoreboard/files${path}`;

function facts(evaluation, back) {
  const { forwarded } = evaluation;
  const entries = [
    ["Environment", element("a", { href: back }, evaluation.env_id)],
    ["Best mean of 100 episodes", figure(evaluation.best_100_episode_mean)],
    ["Episodes to solve", figure(evaluation.episodes_to_solve)],
    ["Episodes", figure(evaluation.episodes)],
    ["Steps", figure(evaluation.steps)],
    ["Uploaded", moment(evaluation.created_at)],
    ["Instance", element("code", {}, evaluation.instance_id)],
    ["Recording", element("a", { href: fileAt(evaluation.archive), download: "" }, "Archive (.tar.gz)")],
    ...(forwarded ? [["Forwarded", [forwarded.state, forwarded.last_error].filter(Boolean).join(": ")]] : []),
  ];
  const pairs = entries.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  return element("dl", { class: "facts across" }, ...pairs);
}

function curve(evaluation) {
  const host = element("div");
  const chart = new Chart(host);
  const show = (axis) => {
    const points = evaluation.learning_curve.map((point) => [point[axis], point.mean_return]);
    const about = `The learning curve of ${evaluation.algorithm_id ?? "this evaluation"}: mean return by ${AXES[axis].toLowerCase()}.`;
    chart.show({ series: [{ name: "Mean return", points }], xLabel: AXES[axis], yLabel: "Mean return", about });
  };
  const choices = Object.entries(AXES).map(([axis, label], index) => {
    const input = element("input", { type: "radio", name: "axis", value: axis });
    input.checked = index === 0;
    input.addEventListener("change", () => show(axis));
    return element("label", {}, input, ` ${label}`);
  });
  show("episode");
  const group = element("fieldset", { class: "choices" }, element("legend", {}, "Over"), ...choices);
  return section("Learning curve", host, group);
}

function film({ episode_id, path, content_type }, index) {
  const name = `Episode ${figure(episode_id)}`;
  const link = element("a", { class: "main", href: fileAt(path) }, name);
  if (!content_type.startsWith("video/")) return element("li", { class: "card" }, link, element("p", {}, content_type));
  const video = element("video", {
    controls: "",
    playsinline: "",
    preload: index < AT_ONCE ? "metadata" : "none",
    src: fileAt(path),
    "aria-label": name,
  });
  const card = element("li", { class: "card" }, video, link);
  video.addEventListener("error", () => video.replaceWith(element("p", {}, "The video is no longer there.")));
  return card;
}

function writeup(text) {
  const href = addressIn(text);
  return section("Write-up", href ? linkTo(href, text.trim()) : element("pre", { tabindex: "0" }, text));
}

function section(title, ...content) {
  return element("section", {}, element("h2", {}, title), ...content);
}

/** Everything that is known of an evaluation; `back` is the list that it is ranked in. */
export function evaluationView(evaluation, back) {
  const whole = document.createDocumentFragment();
  whole.append(facts(evaluation, back), curve(evaluation));
  if (evaluation.writeup) whole.append(writeup(evaluation.writeup));
  if (evaluation.videos.length) {
    whole.append(section("Videos", element("ul", { class: "cards" }, ...evaluation.videos.map(film))));
  }
  return whole;
}
