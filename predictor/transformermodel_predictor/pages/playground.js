"use strict";

// Asks the models of the server that this page comes from. The token stays in this page's memory: it is neither kept
// nor put into an address. Answers are shown as text; an explanation is the server's own page, whose content is escaped
// there and which this page's policy lets run nothing.

const byId = (id) => document.getElementById(id);
const modelUrl = (name) => `v2/models/${encodeURIComponent(name)}`;

const MOST_LABELS = 12;

let token = "";
let metadata = null;
let asking = new AbortController();

class Refused extends Error {}

async function ask(url, signal, body, accept = "application/json") {
  const headers = { accept };
  if (token) headers.authorization = `Bearer ${token}`;
  if (body) headers["content-type"] = "application/json";
  let response;
  try {
    response = await fetch(url, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body), signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("The server cannot be reached. Is it still running?");
  }
  if (response.status === 401) return wantToken();
  if (!response.ok) throw new Refused(await reason(response));
  return response;
}

async function reason(response) {
  const document = await response.json().catch(() => ({}));
  return document.error || `The server answered with the status ${response.status}.`;
}

function wantToken() {
  byId("token-form").hidden = false;
  byId("token").focus();
  throw new Refused(token ? "The server does not know this token." : "Type the token of this server first.");
}

async function listModels() {
  const { models } = await (await ask("v2/models")).json();
  byId("token-form").hidden = true;
  byId("model").replaceChildren(...models.map((name) => new Option(name, name)));
  if (!models.length) throw new Refused("This server has no models.");
  await chooseModel();
}

async function chooseModel() {
  const name = byId("model").value;
  asking.abort();
  asking = new AbortController();
  byId("answer").replaceChildren();
  metadata = await (await ask(modelUrl(name), asking.signal)).json();
  byId("about").textContent = about(metadata.parameters);
  offerMethods(metadata.parameters.explanations);
  const typed = new Map([...document.querySelectorAll("#fields textarea")].map((area) => [area.id, area.value]));
  const inputs = metadata.inputs.filter((input) => input.datatype === "BYTES" && !isJson(input));
  byId("fields").replaceChildren(...inputs.flatMap((input) => textField(input, typed)), ...generation());
}

function about({ task, labels }) {
  if (!labels.length) return task;
  return `${task}: answers with ${labels.slice(0, MOST_LABELS).join(", ")}${labels.length > MOST_LABELS ? " …" : ""}`;
}

function offerMethods(offered) {
  byId("methods").disabled = !offered;
  if (!offered) return;
  for (const box of document.querySelectorAll("#methods input")) {
    box.disabled = !(box.value in offered.methods);
    if (!box.dataset.touched) box.checked = box.value === offered.parameters.method.default;
  }
}

const isJson = (input) => Boolean(input.parameters && input.parameters.content_type);

function textField(input, typed) {
  const optional = Boolean(input.parameters && input.parameters.optional);
  const id = `field-${input.name}`;
  const words = input.name.replaceAll("_", " ");
  const label = make("label", { htmlFor: id }, words[0].toUpperCase() + words.slice(1) + (optional ? " (optional)" : ""));
  const area = make("textarea", { id, name: input.name, rows: 2, required: !optional, value: typed.get(id) || "" });
  area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) byId("question-form").requestSubmit();
  });
  return [label, area];
}

function generation() {
  if (metadata.parameters.task !== "TextGeneration") return [];
  const length = make("input", { id: "length", type: "number", min: 1, max: 1000, value: 32, required: true });
  const shown = [make("label", { htmlFor: "length" }, "Most tokens that follow"), length];
  if (metadata.inputs.some((input) => input.name === "messages")) {
    const chat = make("input", { id: "chat", type: "checkbox" });
    shown.push(make("label", { className: "choice" }, chat, " as a message of a conversation, which the model answers"));
  }
  return shown;
}

function make(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function typedInstance() {
  const areas = [...document.querySelectorAll("#fields textarea")].filter((area) => area.required || area.value);
  const fields = Object.fromEntries(areas.map((area) => [area.name, area.value]));
  const chat = byId("chat");
  return chat && chat.checked ? { messages: [{ role: "user", content: fields.text }] } : fields;
}

async function answer() {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  const url = `v1/models/${encodeURIComponent(byId("model").value)}`;
  const length = byId("length");
  const parameters = length ? { max_new_tokens: length.valueAsNumber } : {};
  const body = { instances: [typedInstance()], parameters };
  say("Asking the model …");
  byId("answer").replaceChildren();
  const { predictions } = await (await ask(`${url}:predict`, signal, body)).json();
  byId("answer").replaceChildren(make("h2", {}, "Answer"), facts(predictions[0]));
  const methods = [...document.querySelectorAll("#methods input:enabled:checked")].map((box) => box.value);
  if (methods.length) {
    say("Answered. Explaining the answer …");
    const target = byId("target").value ? { target: byId("target").value } : {};
    const explain = { ...body, parameters: { ...parameters, ...target, methods } };
    await explanation(await ask(`${url}:explain`, signal, explain, "text/html"));
  }
  say(methods.length ? "Answered and explained." : "Answered.");
}

async function explanation(response) {
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const main = document.importNode(page.querySelector("main"), true);
  byId("answer").replaceChildren(...main.querySelectorAll(":scope > .row"), ...main.querySelectorAll(":scope > .how"));
}

function facts(fields) {
  const shown = Object.entries(fields).map(([name, value]) => {
    const words = name.replaceAll("_", " ");
    const text = Array.isArray(value) && value.every(isObject) ? value.map(inWords).join("\n") : inWord(value);
    return make("div", {}, make("dt", {}, words[0].toUpperCase() + words.slice(1)), make("dd", {}, make("bdi", {}, text)));
  });
  return make("dl", { className: "facts" }, ...shown);
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const inWord = (value) => (typeof value === "string" ? value : JSON.stringify(value, rounded));
const inWords = (fields) => Object.entries(fields).map(([name, value]) => `${name} ${inWord(value)}`).join(", ");
const rounded = (_, value) => (typeof value === "number" ? Number(value.toPrecision(4)) : value);

function say(words) {
  byId("status").textContent = words;
  byId("error").hidden = true;
}

// Whatever goes wrong is said in words; what was answered before it stays.
function telling(work) {
  return async (event) => {
    if (event) event.preventDefault();
    try {
      await work();
    } catch (error) {
      if (error.name === "AbortError") return;
      say("");
      byId("error").textContent = error instanceof Refused ? error.message : `This page has a fault: ${error.message}`;
      byId("error").hidden = false;
    }
  };
}

byId("model").addEventListener("change", telling(chooseModel));
// A box that was touched stays as it is; the others are those of the model that is chosen.
byId("methods").addEventListener("change", ({ target }) => { target.dataset.touched = "true"; });
byId("question-form").addEventListener("submit", telling(answer));
byId("token-form").addEventListener("submit", telling(() => {
  token = byId("token").value.trim();
  byId("error").hidden = true;
  return listModels();
}));
telling(listModels)();
