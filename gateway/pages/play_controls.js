// The controls of an action space: they put together an action, and say when it is to be taken.

import { element } from "./element.js";
import { namedActions } from "./play_names.js";

const MAX_BUTTONS = 40;
const MAX_SLIDERS = 32;

/** The controls for the space, filled into the form. `take(action)` is called by those that are an action by themselves.

    What comes back has `action()`, the one that is chosen now (throws what a person can mend), `set(action)` and `keys`,
    from a key to its action. */
export function makeControls(form, space, envId, take) {
  const make = kinds[space.type];
  const made = make?.(form, space, envId, take) ?? field(form);
  form.classList.toggle("many", form.children.length > 8);
  return { keys: new Map(), ...made };
}

const kinds = {
  Discrete(form, space, envId, take) {
    if (space.n > MAX_BUTTONS) return numbers(form, [{ least: space.start, most: space.start + space.n - 1 }], (value) => value[0]);
    const actions = namedActions(envId, space);
    let chosen = actions[0].value;
    const buttons = actions.map(({ value, name, key, sign }) => {
      const button = element("button", { type: "button", class: "action" }, name);
      if (key) button.append(element("kbd", {}, sign));
      if (key) button.setAttribute("aria-keyshortcuts", key);
      button.addEventListener("click", () => take(value));
      return button;
    });
    form.append(...buttons);
    const set = (value) => {
      chosen = value;
      buttons.forEach((button, index) => button.classList.toggle("chosen", actions[index].value === value));
    };
    return { action: () => chosen, set, keys: new Map(actions.filter(({ key }) => key).map(({ key, value }) => [key, value])) };
  },

  MultiDiscrete(form, space) {
    if (!isFlat(space.nvec) || space.nvec.length > MAX_SLIDERS) return null;
    return numbers(form, space.nvec.map((n, index) => ({ least: space.start[index], most: space.start[index] + n - 1 })));
  },

  MultiBinary(form, space) {
    if (!Number.isInteger(space.n) || space.n > MAX_SLIDERS) return null;
    const boxes = Array.from({ length: space.n }, (_, index) => {
      const box = element("input", { type: "checkbox" });
      form.append(element("label", { class: "tick" }, box, String(index)));
      return box;
    });
    form.append(stepButton());
    return {
      action: () => boxes.map((box) => Number(box.checked)),
      set: (value) => boxes.forEach((box, index) => (box.checked = Boolean(value[index]))),
    };
  },

  Box(form, space) {
    const size = space.shape.reduce((product, length) => product * length, 1);
    if (space.shape.length > 1 || size > MAX_SLIDERS || size === 0) return null;
    const bound = (side, index) => number(Array.isArray(side) ? side[index] : side);
    const isWhole = /[iub]\d/.test(space.dtype);
    const parts = Array.from({ length: size }, (_, index) => ({
      least: bound(space.low, index),
      most: bound(space.high, index),
      isWhole,
    }));
    return numbers(form, parts.map((part) => ({ isWhole: false, ...part })), space.shape.length === 0 ? (values) => values[0] : undefined);
  },
};

const stepButton = () => element("button", { type: "submit", class: "main" }, "Step");

const isFlat = (nested) => Array.isArray(nested) && nested.every(Number.isInteger);

/** A number as the API writes it. */
const number = (value) => (typeof value === "string" ? { Infinity, "-Infinity": -Infinity }[value] ?? NaN : value);

/** A slider for each part that has bounds, and a field for its number. */
function numbers(form, parts, shape = (values) => values) {
  const fields = parts.map(({ least, most, isWhole = true }, index) => {
    const step = isWhole ? "1" : "any";
    const title = parts.length > 1 ? `Part ${index + 1}` : "Value";
    const field = element("input", { type: "number", step, "aria-label": title, required: "" });
    field.value = String(isWhole ? least : Math.min(Math.max(0, least), most));
    const row = element("p", { class: "slider" }, element("span", {}, parts.length > 1 ? String(index + 1) : ""), field);
    if (Number.isFinite(least) && Number.isFinite(most)) {
      const fine = isWhole ? "1" : String((most - least) / 200);
      const slider = element("input", { type: "range", min: String(least), max: String(most), step: fine, "aria-label": `${title}, as a slider` });
      slider.value = field.value;
      slider.addEventListener("input", () => (field.value = slider.value));
      field.addEventListener("input", () => (slider.value = field.value));
      Object.assign(field, { min: String(least), max: String(most) });
      row.insertBefore(slider, field);
      row.slider = slider;
    }
    form.append(row);
    return { field, slider: row.slider };
  });
  form.append(stepButton());
  return {
    action: () => shape(fields.map(({ field }) => readNumber(field))),
    set: (value) =>
      [value].flat().forEach((part, index) => {
        fields[index].field.value = String(Math.round(1e4 * part) / 1e4);
        if (fields[index].slider) fields[index].slider.value = fields[index].field.value;
      }),
  };
}

function readNumber(field) {
  if (field.value === "" || !Number.isFinite(Number(field.value))) throw new Error(`${field.getAttribute("aria-label")} has to be a number.`);
  return Number(field.value);
}

/** Any other space: its action as JSON, to begin with one that was drawn at random. */
function field(form) {
  const text = element("textarea", { rows: "6", spellcheck: "false", "aria-label": "Action, as JSON" });
  form.append(text, stepButton());
  return {
    needsSample: true,
    action: () => {
      try {
        return JSON.parse(text.value);
      } catch (error) {
        throw new Error(`The action is not JSON: ${error.message}`);
      }
    },
    set: (value) => (text.value = JSON.stringify(value, null, 1)),
  };
}
