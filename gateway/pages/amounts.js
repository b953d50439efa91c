// Figures as people read them. What is not known is a dash.

export const UNKNOWN = "–";

const shown = (value, format) => (value === null || value === undefined ? UNKNOWN : format(value));

/** Bytes, with the unit that leaves up to three digits before the point. */
export const bytes = (value) =>
  shown(value, (size) => {
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    const power = size < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(size) / 10));
    const scaled = size / 1024 ** power;
    return `${scaled < 10 && power ? scaled.toFixed(1) : Math.round(scaled)} ${units[power]}`;
  });

/** Seconds, as 0.3 ms, 45 s, 3 min or 2 h. */
export const seconds = (value) =>
  shown(value, (time) => {
    if (time < 0.01) return `${(1000 * time).toFixed(1)} ms`;
    if (time < 1) return `${Math.round(1000 * time)} ms`;
    if (time < 90) return `${Math.round(time)} s`;
    if (time < 5400) return `${Math.round(time / 60)} min`;
    return time < 129_600 ? `${Math.round(time / 3600)} h` : `${Math.round(time / 86_400)} d`;
  });

/** A number with few digits. */
export const figure = (value) =>
  shown(value, (number) => (number < 10 && !Number.isInteger(number) ? number.toFixed(1) : count(Math.round(number))));

const grouped = new Intl.NumberFormat("en");

/** A whole number. */
export const count = (value) => shown(value, (number) => grouped.format(number));

/** A share of one core. */
export const percent = (value) => shown(value, (share) => `${share} %`);
