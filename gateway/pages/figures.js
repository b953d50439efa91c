// How the scoreboard writes its figures, dates and links.

import { element } from "./element.js";

const UNKNOWN = "–";
const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

/** A number with at most two digits behind the point; a dash for none. */
export const figure = (value) => (value === null || value === undefined ? UNKNOWN : grouped.format(value));

/** A moment that the server told, in UTC. */
export function moment(text) {
  const parsed = new Date(text);
  if (Number.isNaN(parsed.valueOf())) return text;
  return element("time", { datetime: text }, `${parsed.toISOString().slice(0, 16).replace("T", " ")} UTC`);
}

/** The address in a write-up that is nothing but one of the web's; else null. */
export function addressIn(text) {
  if (!/^https?:\/\/\S+$/i.test(text.trim())) return null;
  try {
    const url = new URL(text.trim());
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}

/** A link that tells the other side nothing; anybody may have written it. */
export const linkTo = (href, text) => element("a", { href, rel: "noopener noreferrer nofollow" }, text);
