// Which instances are shown, and in which order. Knows nothing of the page.

/** The headings: a name for the address, a title, the value by which rows are ordered, and whether its largest come first. */
export const COLUMNS = [
  { name: "environment", title: "Environment", value: (row) => row.env_id },
  { name: "state", title: "State", value: (row) => -urgency(row) },
  { name: "steps", title: "Steps/s", value: (row) => row.steps_per_s, isNumber: true },
  { name: "p99", title: "p99", value: (row) => row.step_p99_s ?? -1, isNumber: true },
  { name: "cpu", title: "CPU", value: (row) => row.cpu_percent ?? -1, isNumber: true },
  { name: "memory", title: "Memory", value: (row) => row.rss_bytes ?? -1, isNumber: true },
  { name: "queue", title: "Queue", value: (row) => row.queue, isNumber: true },
  { name: "idle", title: "Idle", value: (row) => -(row.used_at ?? Infinity), isNumber: true },
];

export const KINDS = {
  all: "All",
  trouble: "Trouble",
  busy: "Busy",
  ready: "Ready",
  starting: "Starting",
  crashed: "Crashed",
};

const FIRST = "state";

/** How much an instance wants to be looked at. */
function urgency(row) {
  return row.trouble?.[0] ?? 0;
}

const isOf = {
  all: () => true,
  trouble: (row) => urgency(row) > 1,
  busy: (row) => row.state === "busy",
  ready: (row) => row.state === "ready",
  starting: (row) => row.state === "starting",
  crashed: (row) => row.state === "crashed",
};

/** All that can be searched for. */
function words(row) {
  const labels = Object.entries(row.labels).map(([name, value]) => `${name}:${value}`);
  return [row.id, row.env_id, row.state, row.trouble?.[1] ?? "", ...labels].join(" ").toLowerCase();
}

export class View {
  constructor(query) {
    const order = query.get("order") ?? "";
    const name = order.replace(/^-/, "");
    const isKnown = COLUMNS.some((column) => column.name === name);
    this.order = isKnown ? name : FIRST;
    this.isDescending = isKnown && order.startsWith("-");
    this.words = query.get("filter") ?? "";
    this.kind = query.get("show") in KINDS ? query.get("show") : "all";
  }

  /** Another column is taken with its most interesting end first; the same one is turned around. */
  orderBy(name) {
    if (name === this.order) {
      this.isDescending = !this.isDescending;
      return;
    }
    this.order = name;
    this.isDescending = Boolean(COLUMNS.find((column) => column.name === name).isNumber);
  }

  /** The rows that are asked for, in the order that is asked for; equal ones as old as they are. */
  of(all) {
    const wanted = this.words.toLowerCase().split(/\s+/).filter(Boolean);
    const { value } = COLUMNS.find((column) => column.name === this.order);
    const sign = this.isDescending ? -1 : 1;
    const keys = new Map();
    const chosen = all.filter((row) => {
      if (!isOf[this.kind](row)) return false;
      if (wanted.length) {
        const text = words(row);
        if (!wanted.every((word) => text.includes(word))) return false;
      }
      keys.set(row, value(row));
      return true;
    });
    return chosen.sort((a, b) => sign * compare(keys.get(a), keys.get(b)) || a.created_at - b.created_at || compare(a.id, b.id));
  }

  /** How many there are of each kind. */
  counts(all) {
    const counts = Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, 0]));
    for (const row of all) {
      for (const kind of Object.keys(KINDS)) if (isOf[kind](row)) counts[kind] += 1;
    }
    return counts;
  }

  /** What of this belongs into the page's address. */
  query() {
    const query = new URLSearchParams();
    if (this.order !== FIRST || this.isDescending) query.set("order", `${this.isDescending ? "-" : ""}${this.order}`);
    if (this.words) query.set("filter", this.words);
    if (this.kind !== "all") query.set("show", this.kind);
    return query.toString();
  }
}

function compare(a, b) {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
