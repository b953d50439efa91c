// Line charts as SVG, drawn to the width that they have: round ticks, a line or dots for each series, a readout.

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 240;
const MARGIN = { top: 12, right: 16, bottom: 40, left: 56 };
const MAX_SIZE = 1e15; // beyond it, a sum of two values may be another number altogether
const SERIES = 6;

const numbers = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 2 });

function shape(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** The class that gives the series of that index its colour. */
export const colourOf = (index) => `series-${index % SERIES}`;

/** The step of a round 1, 2 or 5 that goes about `count` times into the range. */
function stepIn([low, high], count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough * 0.999);
}

/** The multiples of a step within the range. */
function ticks([low, high], step) {
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}

function rangeOf(values) {
  const low = values.reduce((least, value) => Math.min(least, value), Infinity);
  const high = values.reduce((most, value) => Math.max(most, value), -Infinity);
  const room = low === high ? Math.abs(low) / 10 || 1 : 0; // a single value lies in the middle
  return [low - room, high + room];
}

function pathOf(points, isDots) {
  const commands = points.map(([x, y], index) => `${isDots || !index ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`);
  return isDots || points.length === 1 ? commands.map((command) => `${command}h0`).join("") : commands.join("");
}

/**
 * A chart in an element of the page. Each of its `series` is `{ name, points: [[x, y], …], isDots }`, sorted by x;
 * points that are not numbers are left out.
 */
export class Chart {
  #host;
  #readout = document.createElement("p");
  #data = null;
  #width = 0;

  constructor(host) {
    this.#host = host;
    host.classList.add("chart");
    this.#readout.className = "readout";
    new ResizeObserver(() => {
      const width = Math.floor(host.clientWidth);
      if (width && width !== this.#width) this.#draw();
    }).observe(host);
  }

  /** `about` says in words what is to be seen. */
  show({ series, xLabel, yLabel, about }) {
    const kept = series.map((each) => ({
      ...each,
      points: each.points.filter((point) => point.every((value) => Math.abs(value ?? NaN) < MAX_SIZE)),
    }));
    this.#data = { series: kept, xLabel, yLabel, about };
    this.#readout.textContent = "";
    this.#draw();
  }

  #draw() {
    this.#width = Math.floor(this.#host.clientWidth);
    if (!this.#data || !this.#width) return;
    const { series, xLabel, yLabel, about } = this.#data;
    const points = series.flatMap((each) => each.points);
    if (!points.length) return this.#host.replaceChildren("Nothing to draw yet.");
    const scale = this.#scale(points);
    const svg = shape("svg", { viewBox: `0 0 ${this.#width} ${HEIGHT}`, role: "img", "aria-label": about });
    svg.append(...this.#axes(scale, xLabel, yLabel));
    series.forEach(({ points: own, isDots }, index) => {
      const placed = own.map(([x, y]) => [scale.x(x), scale.y(y)]);
      const kind = isDots || own.length === 1 ? "dots" : "line";
      svg.append(shape("path", { class: `${kind} ${colourOf(index)}`, d: pathOf(placed, isDots) }));
    });
    svg.addEventListener("pointermove", (event) => this.#tell(event, svg, scale));
    this.#host.replaceChildren(svg, ...(series.length > 1 ? [this.#legend(series)] : []), this.#readout);
  }

  #legend(series) {
    const names = series.map(({ name }, index) => {
      const entry = document.createElement("li");
      entry.className = colourOf(index);
      entry.textContent = name;
      return entry;
    });
    const list = document.createElement("ul");
    list.className = "legend";
    list.append(...names);
    return list;
  }

  #scale(points) {
    const x = rangeOf(points.map((point) => point[0]));
    const values = rangeOf(points.map((point) => point[1]));
    const step = stepIn(values, 4);
    const isWhole = points.every((point) => Number.isInteger(point[0]));
    const y = [Math.floor(values[0] / step + 1e-9) * step, Math.ceil(values[1] / step - 1e-9) * step];
    const inner = { width: this.#width - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };
    return {
      inner,
      rows: ticks(y, step),
      columns: ticks(x, Math.max(stepIn(x, Math.max(2, inner.width / 64)), isWhole ? 1 : 0)),
      x: (value) => MARGIN.left + ((value - x[0]) / (x[1] - x[0])) * inner.width,
      y: (value) => MARGIN.top + inner.height - ((value - y[0]) / (y[1] - y[0])) * inner.height,
    };
  }

  #axes({ inner, rows, columns, x, y }, xLabel, yLabel) {
    const bottom = MARGIN.top + inner.height;
    const right = MARGIN.left + inner.width;
    const left = rows.flatMap((value) => [
      shape("path", { class: "grid", d: `M${MARGIN.left} ${y(value).toFixed(1)}H${right}` }),
      shape("text", { x: MARGIN.left - 8, y: y(value) + 4, "text-anchor": "end" }, short.format(value)),
    ]);
    const below = columns.map((value) =>
      shape("text", { x: x(value), y: bottom + 16, "text-anchor": "middle" }, short.format(value)),
    );
    return [
      ...left,
      ...below,
      shape("text", { x: MARGIN.left + inner.width / 2, y: HEIGHT - 6, "text-anchor": "middle" }, xLabel),
      shape("text", { x: 12, y: MARGIN.top + inner.height / 2, class: "upright", "text-anchor": "middle" }, yLabel),
    ];
  }

  /** The values nearest to the pointer, in words. */
  #tell(event, svg, scale) {
    const box = svg.getBoundingClientRect();
    const pointer = ((event.clientX - box.left) * this.#width) / box.width;
    const told = this.#data.series.flatMap(({ name, points }) => {
      if (!points.length) return [];
      const near = points.reduce((best, point) =>
        Math.abs(scale.x(point[0]) - pointer) < Math.abs(scale.x(best[0]) - pointer) ? point : best,
      );
      return [`${name} at ${numbers.format(near[0])}: ${numbers.format(near[1])}`];
    });
    this.#readout.textContent = told.join(" · ");
  }
}
