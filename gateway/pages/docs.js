// The API page: one foldable entry for each operation of the OpenAPI document, with a form to try it.

import { element } from "./element.js";

const HIDDEN = new Set(["#/components/schemas/Problem"]);

/** The schema with its references to others replaced by what they stand for. */
function resolved(schema, schemas, depth = 0) {
  if (schema === null || typeof schema !== "object" || depth > 8) return schema;
  if (Array.isArray(schema)) return schema.map((part) => resolved(part, schemas, depth + 1));
  if (schema.$ref && !HIDDEN.has(schema.$ref)) {
    return resolved(schemas[schema.$ref.split("/").pop()], schemas, depth + 1);
  }
  return Object.fromEntries(Object.entries(schema).map(([key, part]) => [key, resolved(part, schemas, depth + 1)]));
}

/** A body to begin with: the required fields of the schema, empty. */
function sampleBody(schema) {
  const empty = { string: "", integer: 0, number: 0, boolean: false, array: [], object: {} };
  const required = schema.required ?? [];
  return Object.fromEntries(required.map((name) => [name, empty[schema.properties[name]?.type] ?? null]));
}

/** Where the form's request goes: the path and query with the values that were typed. */
function target(path, form) {
  const query = new URLSearchParams();
  let url = path;
  for (const input of form.querySelectorAll("input")) {
    if (input.dataset.in === "path") url = url.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.dataset.in === "query" && input.value) query.set(input.name, input.value);
  }
  return query.size ? `${url}?${query}` : url;
}

/** What came back, as text or as a picture. */
async function shown(response) {
  const type = response.headers.get("Content-Type") ?? "";
  if (type.startsWith("image/")) {
    const picture = element("img", { alt: "The picture that came back" });
    picture.src = response.url; // drawn once more: the page's policy shows nothing but what the server serves
    return picture;
  }
  const text = await response.text();
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

async function send(event, method, path, form, output) {
  event.preventDefault();
  const options = { method: method.toUpperCase(), headers: {} };
  for (const input of form.querySelectorAll('input[data-in="header"]')) {
    if (input.value) options.headers[input.name] = input.value;
  }
  const body = form.querySelector("textarea");
  if (body) {
    options.headers["Content-Type"] = "application/json";
    options.body = body.value;
  }
  output.hidden = false;
  try {
    const response = await fetch(target(path, form), options);
    output.replaceChildren(`${response.status} ${response.statusText}\n`, await shown(response));
  } catch (error) {
    output.replaceChildren(`The request failed: ${error.message}`);
  }
}

function field(parameter, prefix) {
  const id = `${prefix}-${parameter.name}`;
  const input = element("input", { id, name: parameter.name, type: "text", "data-in": parameter.in, autocomplete: "off" });
  if (parameter.required) input.required = true;
  if (parameter.required && parameter.schema.enum) input.value = parameter.schema.enum[0];
  return element("p", {}, element("label", { for: id }, `${parameter.name} (${parameter.in})`), input);
}

function tryForm(method, path, operation, schemas) {
  const prefix = operation.operationId;
  const form = element("form", { class: "try" });
  form.append(...(operation.parameters ?? []).map((parameter) => field(parameter, prefix)));
  const schema = operation.requestBody?.content["application/json"].schema;
  if (schema) {
    const body = element("textarea", { id: `${prefix}-body`, rows: "4", spellcheck: "false" });
    body.value = JSON.stringify(sampleBody(resolved(schema, schemas)), null, 2);
    form.append(element("p", {}, element("label", { for: body.id }, "body (JSON)"), body));
  }
  const output = element("pre", { tabindex: "0", "aria-label": "The answer", "aria-live": "polite" });
  output.hidden = true;
  form.append(element("button", { type: "submit" }, "Send"), output);
  form.addEventListener("submit", (event) => send(event, method, path, form, output));
  return form;
}

function answers(operation, schemas) {
  const list = element("dl", { class: "codes" });
  for (const [status, answer] of Object.entries(operation.responses)) {
    const media = Object.keys(answer.content ?? {}).join(", ");
    const about = element("dd", {}, `${answer.description}${media ? ` — ${media}` : ""}`);
    const schema = answer.content?.["application/json"]?.schema;
    if (schema) about.append(element("pre", { tabindex: "0" }, JSON.stringify(resolved(schema, schemas), null, 2)));
    list.append(element("dt", {}, status), about);
  }
  return list;
}

function entry(method, path, operation, schemas) {
  const summary = element(
    "summary",
    {},
    element("code", {}, `${method.toUpperCase()} ${path}`),
    ` ${operation.summary}`,
  );
  const details = element("details", { id: operation.operationId, class: "route" }, summary);
  // Built when it is opened: a page of closed entries is there at once.
  details.addEventListener(
    "toggle",
    () => {
      const schema = operation.requestBody?.content["application/json"].schema;
      if (schema) {
        details.append(element("h3", {}, "Takes"));
        details.append(element("pre", { tabindex: "0" }, JSON.stringify(resolved(schema, schemas), null, 2)));
      }
      details.append(element("h3", {}, "Answers"), answers(operation, schemas));
      if (path !== "/v2/ws") details.append(element("h3", {}, "Try it"), tryForm(method, path, operation, schemas));
    },
    { once: true },
  );
  return details;
}

async function main() {
  const message = document.getElementById("message");
  try {
    const contract = await (await fetch("/v2/openapi.json")).json();
    const routes = document.getElementById("routes");
    for (const [path, operations] of Object.entries(contract.paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        routes.append(entry(method, path, operation, contract.components.schemas));
      }
    }
    message.hidden = true;
  } catch (error) {
    message.textContent = `The contract cannot be loaded: ${error.message}`;
  }
}

main();
