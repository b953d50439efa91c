// Text with the colours of a terminal (ECMA-48, section 8.3.117) as elements; what else it commands is left out.

const ESCAPE = /\x1b\[([0-9;]*)([A-Za-z])/g;
const NOTHING = { ink: "", paper: "" };

/** The colours after one command; each is a class of the style sheet, or none. */
function selected(codes, now) {
  let { ink, paper } = now;
  for (const code of codes.split(";").map(Number)) {
    const colour = code % 10;
    const kind = Math.floor(code / 10);
    if (code === 0) ({ ink, paper } = NOTHING);
    else if (code === 39) ink = "";
    else if (code === 49) paper = "";
    else if ((kind === 3 || kind === 9) && colour < 8) ink = `ink-${colour}`;
    else if ((kind === 4 || kind === 10) && colour < 8) paper = `paper-${colour}`;
  }
  return { ink, paper };
}

function piece(text, { ink, paper }) {
  if (!ink && !paper) return text;
  const span = document.createElement("span");
  span.className = `${ink} ${paper}`.trim();
  span.textContent = text;
  return span;
}

/** The text as nodes, in the colours that it asks for. */
export function coloured(text) {
  const nodes = [];
  let colours = NOTHING;
  let start = 0;
  for (const match of text.matchAll(ESCAPE)) {
    if (match.index > start) nodes.push(piece(text.slice(start, match.index), colours));
    if (match[2] === "m") colours = selected(match[1], colours);
    start = match.index + match[0].length;
  }
  if (start < text.length) nodes.push(piece(text.slice(start), colours));
  return nodes;
}
