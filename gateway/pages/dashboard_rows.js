// The rows of the dashboard's table: made once for each instance, and touched only where something has changed.

import { bytes, count, figure, percent, seconds, UNKNOWN } from "./amounts.js";
import { element, put } from "./element.js";

const ACTIONS = { logs: "Logs", stack: "Stack", kill: "Kill", close: "Close" };

export class Rows {
  /** Where the artifact server is, once it is known. */
  artifacts = "";
  #body;
  #rows = new Map();
  #visible = new Set();
  #observer;

  /** `onLook` hears which ids are on the screen whenever they are others. */
  constructor(body, onLook) {
    this.#body = body;
    this.#observer = new IntersectionObserver((changes) => {
      for (const { target, isIntersecting } of changes) {
        if (isIntersecting) this.#visible.add(target.dataset.id);
        else this.#visible.delete(target.dataset.id);
        if (isIntersecting) this.#rows.get(target.dataset.id)?.showPicture();
      }
      onLook([...this.#visible]);
    });
  }

  /** These instances are shown, in this order unless it `isHeld`. */
  show(chosen, nowS, isHeld) {
    const focused = document.activeElement;
    const ids = new Set(chosen.map((instance) => instance.id));
    for (const [id, row] of this.#rows) if (!ids.has(id)) this.#drop(id, row);
    let next = this.#body.firstElementChild;
    for (const instance of chosen) {
      let row = this.#rows.get(instance.id);
      const isNew = !row;
      if (isNew) {
        row = new Row(instance, () => this.#visible.has(instance.id), this.artifacts);
        this.#rows.set(instance.id, row);
        this.#observer.observe(row.node);
      }
      row.show(instance, nowS);
      if (row.node === next) next = next.nextElementSibling;
      else if (isNew || !isHeld) this.#body.insertBefore(row.node, next);
    }
    // A row that moves loses the focus.
    if (document.activeElement !== focused && this.#body.contains(focused)) focused.focus({ preventScroll: true });
  }

  /** The first of these is brought onto the screen as soon as it is there. */
  find(ids) {
    const row = this.#rows.get(ids[0]);
    if (!row) return requestAnimationFrame(() => this.find(ids));
    row.node.scrollIntoView({ block: "center" });
    return row.node.querySelector("a").focus({ preventScroll: true });
  }

  #drop(id, row) {
    this.#observer.unobserve(row.node);
    row.node.remove();
    this.#rows.delete(id);
    this.#visible.delete(id);
  }
}

class Row {
  #cells = {};
  #picture = element("img", { alt: "", width: "72", height: "54", decoding: "async" });
  #version = null;
  #labels = null;
  #isVisible;
  #level = 0;

  constructor(instance, isVisible, artifacts) {
    this.#isVisible = isVisible;
    this.node = element("tr", { role: "row", "data-id": instance.id });
    this.#picture.hidden = true;
    this.#cell("picture", element("span", { class: "thumbnail" }, this.#picture));
    this.#makeName(instance, artifacts);
    this.#makeState();
    for (const name of ["steps", "p99", "cpu", "memory", "queue", "idle"]) this.#makeFigure(name);
    this.#makeActions(instance);
  }

  show(instance, nowS) {
    const cells = this.#cells;
    put(cells.env_id, instance.env_id);
    this.#showLabels(instance.labels);
    this.#showState(instance, nowS);
    put(cells.steps, figure(instance.steps_per_s));
    put(cells.total, `${count(instance.steps)} in all`);
    put(cells.p99, seconds(instance.step_p99_s));
    put(cells.cpu, percent(instance.cpu_percent));
    put(cells.memory, bytes(instance.rss_bytes));
    put(cells.queue, String(instance.queue));
    put(cells.idle, instance.used_at === null ? UNKNOWN : seconds(Math.max(0, nowS - instance.used_at)));
    this.#version = instance.picture;
    if (this.#isVisible()) this.showPicture();
  }

  showPicture() {
    const source = this.#version && `/dashboard/pictures/${this.node.dataset.id}?${this.#version}`;
    if (!source || this.#picture.getAttribute("src") === source) return;
    this.#picture.hidden = false;
    this.#picture.src = source;
  }

  #cell(name, ...children) {
    const cell = element("td", { role: "cell", class: name }, ...children);
    this.node.append(cell);
    return cell;
  }

  #makeName({ id }, artifacts) {
    this.#cells.env_id = element("a", { href: `/play?instance_id=${id}`, class: "name" });
    this.#cells.labels = element("span", { class: "labels" });
    const live = element("a", { href: `${artifacts}/render.html?instance_id=${id}`, class: "id" }, id);
    live.setAttribute("aria-label", `Live view of ${id}`);
    this.#cell("environment", this.#cells.env_id, live, this.#cells.labels);
  }

  #makeState() {
    this.#cells.state = element("span", { class: "state" });
    this.#cells.trouble = element("span", { class: "reason" });
    this.#cells.report = element("button", { type: "button", "data-action": "crash" }, "Report");
    this.#cells.report.hidden = true;
    this.#cell("condition", this.#cells.state, this.#cells.trouble, this.#cells.report);
  }

  #makeFigure(name) {
    const value = (this.#cells[name] = element("span", {}));
    const titles = { steps: "Steps/s", p99: "p99", cpu: "CPU", memory: "Memory", queue: "Queue", idle: "Idle" };
    const cell = this.#cell(`number ${name}`, element("span", { class: "title", "aria-hidden": "true" }, titles[name]), value);
    if (name === "steps") cell.append((this.#cells.total = element("small", {})));
  }

  #makeActions({ id }) {
    const buttons = Object.entries(ACTIONS).map(([action, title]) => {
      const attributes = { type: "button", "data-action": action, "aria-label": `${title} ${id}` };
      return (this.#cells[action] = element("button", attributes, title));
    });
    this.#cells.kill.classList.add("danger");
    const play = element("a", { href: `/play?instance_id=${id}`, class: "button", "aria-label": `Play ${id}` }, "Play");
    this.#cell("actions", play, ...buttons);
  }

  #showLabels(labels) {
    const text = JSON.stringify(labels);
    if (this.#labels === text) return;
    this.#labels = text;
    const shown = Object.entries(labels).map(([name, value]) => element("span", { class: "label" }, `${name}: ${value}`));
    this.#cells.labels.replaceChildren(...shown);
  }

  #showState(instance, nowS) {
    const { state, trouble, report, stack, kill } = this.#cells;
    put(state, instance.state);
    const [level, reason] = instance.trouble ?? [0, ""];
    const isRunning = instance.command && instance.since !== null;
    const since = isRunning ? `${instance.command} for ${seconds(Math.max(0, nowS - instance.since))}` : "";
    const recording = instance.is_recording ? "is recorded" : "";
    put(trouble, [since, reason, recording].filter(Boolean).join(" · "));
    const isCrashed = instance.state === "crashed";
    if (state.className !== `state ${instance.state}`) state.className = `state ${instance.state}`;
    if (report.hidden === isCrashed) report.hidden = !isCrashed;
    if (stack.disabled !== isCrashed) stack.disabled = kill.disabled = isCrashed;
    if (this.#level !== level) this.node.className = level ? `level-${level}` : "";
    this.#level = level;
  }
}
