// The page: troubles and objects on the left, the graph in the middle, details of one object on the right.
import { byId, el, svg } from "./dom.js";
import { Picture } from "./draw.js";
import { Host } from "./host.js";
import { counts, drawn, fullName, groupsAround, look, MANY, model, passes, state } from "./model.js";

const DATA = "fluxcd-mcp/page";
const LISTED = 300;
const INLINE_HEIGHT = 640;
const READABLE = 0.65; // the scale below which labels are too small

const filters = { search: "", health: "", kind: "", namespace: "", relation: "" };
const open = new Set();
let shown = null; // the model
let visible = []; // ids of objects that pass the filters
let chosen = null; // the id of an object
let keys = new Map(); // id → key of the box that stands for it
let host = null;

const picture = new Picture((node) => (node.object ? choose(node.object.id) : openGroup(node.key)));

// ---- What is shown

function show(data) {
  shown = model(data);
  open.clear();
  chosen = null;
  Object.keys(filters).forEach((name) => (filters[name] = ""));
  byId("search").value = "";
  const about = [shown.context && `context ${shown.context}`, shown.identity, shown.time].filter(Boolean).join(" · ");
  byId("about").textContent = about;
  document.title = `Flux graph${shown.context ? ` of ${shown.context}` : ""}`;
  byId("notes").replaceChildren(...shown.warnings.map((line) => el("p", { class: "warning" }, line)), ...shown.notes.map((line) => el("p", {}, line)));
  choices();
  legend();
  details();
  update(true);
}

function choices() {
  const { objects, edges, health } = shown;
  const unique = (values) => [...new Set(values)].sort();
  const states = [...counts(objects.keys(), objects, health)].map(([name, number]) => [name, `${name} (${number})`]);
  select("health", "All health", [["trouble", `In trouble (${shown.troubles.length})`], ...states]);
  select("kind", "All kinds", unique(objects.map((object) => object.kind)).map((kind) => [kind, kind]));
  select("namespace", "All namespaces", unique(objects.map((object) => object.namespace)).map((name) => [`=${name}`, name || "(cluster)"]));
  const relations = new Map(edges.map((edge) => [edge.relation, edge.says]));
  select("relation", "All edges", [...relations].sort().map(([relation, says]) => [relation, `Edges: ${says}`]));
}

function select(name, all, options) {
  byId(name).replaceChildren(el("option", { value: "" }, all), ...options.map(([value, label]) => el("option", { value }, label)));
}

function legend() {
  const line = (style, label) => el("li", {}, svg("svg", { viewBox: "0 0 26 8", "aria-hidden": "true" }, svg("path", { class: `edge${style}`, d: "M0,4H26" })), label);
  const { edges } = shown;
  byId("legend").replaceChildren(
    ...(edges.some((edge) => !edge.depends) ? [line("", "to what uses it or is applied")] : []),
    ...(edges.some((edge) => edge.depends) ? [line(" depends", "to what it depends on")] : []),
  );
}

/** Draws what passes the filters. @param fit whether everything is brought into sight. */
function update(fit) {
  visible = shown.objects.filter((object) => passes(object, filters)).map((object) => object.id);
  for (const name of ["health", "kind", "namespace", "relation"]) {
    byId(name).value = filters[name];
    byId(name).classList.toggle("set", filters[name] !== "");
  }
  const graph = drawn(shown, visible, filters.relation, open);
  keys = graph.keys;
  picture.draw(graph, shown);
  byId("fold").hidden = !open.size || visible.length <= MANY;
  const empty = byId("empty");
  empty.hidden = visible.length > 0;
  empty.textContent = shown.objects.length ? "No object passes the filters." : "There is no object.";
  byId("live").textContent = `${visible.length} of ${shown.objects.length} objects shown`;
  if (chosen !== null && !keys.has(chosen)) {
    chosen = null;
    details();
  }
  if (fit) picture.fit(READABLE);
  lists();
  mark();
}

function openGroup(key) {
  const members = picture.byKey.get(key)?.members ?? [];
  open.add(key);
  update(false);
  const first = keys.get(members[0]);
  picture.fit(READABLE);
  picture.reveal(first);
  picture.focus(first);
}

function choose(id, { fromList = false } = {}) {
  const object = shown.objects[id];
  if (!passes(object, filters)) {
    Object.assign(filters, { search: "", health: "", kind: "", namespace: "" });
    byId("search").value = "";
    update(false);
  }
  if (keys.get(id) !== `o${id}`) {
    groupsAround(object, visible, shown.objects).forEach((key) => open.add(key));
    update(false);
    picture.fit(READABLE);
  }
  chosen = id;
  details();
  mark();
  lists();
  picture.reveal(`o${id}`);
  if (!fromList) picture.focus(`o${id}`);
}

function mark() {
  picture.mark(chosen === null ? null : (keys.get(chosen) ?? null));
}

// ---- The left side

function lists() {
  const { causes, troubles, objects } = shown;
  byId("tab-troubles").textContent = `Troubles (${troubles.length})`;
  byId("tab-objects").textContent = `Objects (${visible.length})`;
  const passing = new Set(visible);
  const parts = [];
  let rest = troubles.filter((id) => passing.has(id));
  if (causes?.length) {
    const named = new Set();
    const listed = causes.map((cause, place) => causeItem(cause, place, passing, named)).filter(Boolean);
    if (listed.length) parts.push(el("h2", {}, "Causes"), el("ol", {}, listed));
    rest = rest.filter((id) => !named.has(id));
    if (rest.length) parts.push(el("h2", {}, "More objects in trouble"));
  }
  if (rest.length) parts.push(rows(rest, "ol"));
  if (!troubles.length) parts.push(el("p", {}, !shown.warnings.length ? "No object is in trouble." : "No object that was read is in trouble; not everything was read."));
  else if (!parts.length) parts.push(el("p", {}, "No object in trouble passes the filters."));
  byId("troubles").replaceChildren(...parts);
  byId("objects").replaceChildren(rows([...visible].sort((a, b) => name(objects[a]).localeCompare(name(objects[b]))), "ul"));
}

const name = (object) => `${object.namespace}/${object.kind}/${object.name}`;

function causeItem(cause, place, passing, named) {
  const [members, blocks] = [cause.members, cause.blocks].map((ids) => ids.filter((id) => passing.has(id)));
  if (!members.length && !blocks.length && cause.members.length + cause.blocks.length) return null;
  [...members, ...blocks].forEach((id) => named.add(id));
  const heading = members.length ? rows(members, "ul", 10) : [el("p", {}, cause.lines[0] ?? `Cause ${place + 1}`)];
  return el("li", {}, heading, blocks.length ? el("p", {}, `blocks ${blocks.length}:`) : null, blocks.length ? el("div", { class: "inner" }, rows(blocks, "ul", 20)) : null);
}

function rows(ids, tag, most = LISTED) {
  const list = el(tag, {}, ids.slice(0, most).map((id) => el("li", {}, row(id))));
  if (ids.length > most) list.append(el("li", {}, el("p", {}, `and ${ids.length - most} more: search or filter to see them`)));
  return list;
}

function badge(object) {
  return el("span", { class: `badge ${look(object)}` }, state(object));
}

function row(id, before = "") {
  const object = shown.objects[id];
  return el(
    "button",
    { type: "button", class: "row", "aria-current": id === chosen ? "true" : null, click: () => choose(id, { fromList: true }) },
    before ? el("span", { class: "note" }, before) : null,
    el("span", { class: "kind" }, `${object.kind} `),
    el("span", { class: "name" }, fullName(object)),
    " ",
    badge(object),
    object.reason && object.trouble ? el("span", { class: "note" }, [object.reason, object.age].filter(Boolean).join(", ")) : null,
  );
}

// ---- The right side

function details() {
  const panel = byId("details");
  panel.hidden = chosen === null;
  if (chosen === null) return panel.replaceChildren();
  const object = shown.objects[chosen];
  const facts = [
    ["Health", badge(object)],
    ["Reason", object.reason],
    ["Since", object.age],
    ["Revision", object.revision],
    ["Suspended by", object.suspendedBy],
  ].filter(([, content]) => content);
  const causes = object.causes.filter((cause) => cause.lines.length);
  panel.replaceChildren(
    el("button", { type: "button", class: "close", "aria-label": "Close details", click: close }, "✕"),
    el("h2", { tabindex: -1 }, `${object.kind} ${fullName(object)}`),
    el("dl", {}, facts.flatMap(([label, content]) => [el("dt", {}, label), el("dd", {}, content)])),
    ...(object.absent ? [el("p", {}, object.absent === "missing" ? "It is named by other objects and does not exist." : "It could not be read: its state is not known.")] : []),
    ...(object.message ? [el("div", { class: "text" }, object.message)] : []),
    ...(causes.length ? [el("h3", {}, causes.length > 1 ? "Causes" : "Cause"), ...causes.map((cause) => causeText(cause, object))] : []),
    ...(object.blocks.length ? [el("h3", {}, `Blocks ${object.blocks.length}`), rows(object.blocks, "ul", 30)] : []),
    ...(object.conditions.length ? [el("h3", {}, "Conditions"), ...object.conditions.map(condition)] : []),
    ...neighbors("Needs", object.above, "upper"),
    ...neighbors("Needed by", object.below, "lower"),
    ...inHost(object),
  );
  panel.scrollTop = 0;
}

/** What diagnose_flux says of a cause; of the object itself without the line that repeats what stands above. */
function causeText(cause, object) {
  const lines = cause.members[0] === object.id && cause.lines.length > 1 ? cause.lines.slice(1) : cause.lines;
  const indent = Math.min(...lines.map((line) => line.search(/\S|$/)));
  return el("div", { class: "text" }, lines.map((line) => el("p", {}, line.slice(indent))));
}

function condition([type, status, reason, age, message]) {
  return el(
    "div",
    { class: "condition" },
    el("p", {}, el("strong", {}, type), ` ${status}${reason ? `, ${reason}` : ""}${age ? `, ${age}` : ""}`),
    message ? el("p", { class: "text" }, message) : null,
  );
}

function neighbors(title, edges, end) {
  if (!edges.length) return [];
  const self = end === "upper" ? "lower" : "upper";
  const phrase = (edge) => (edge.start === edge[self] ? `this ${edge.says}` : `${edge.says} this`);
  const items = edges.slice(0, 50).map((edge) => el("li", {}, row(edge[end], phrase(edge))));
  if (edges.length > 50) items.push(el("li", {}, el("p", {}, `and ${edges.length - 50} more`)));
  return [el("h3", {}, `${title} (${edges.length})`), el("ul", {}, items)];
}

function close() {
  const key = chosen === null ? null : keys.get(chosen);
  chosen = null;
  details();
  mark();
  lists();
  if (key) picture.focus(key);
}

// ---- The host of an MCP App

/** get_flux_resource through the host, where it calls tools. */
function inHost(object) {
  if (!host?.canCall || object.absent) return [];
  const place = el("div", { "aria-live": "polite" });
  const ask = async () => {
    place.replaceChildren(el("p", {}, "Reading …"));
    const args = { kind: object.kind, name: object.name, ...(object.namespace ? { namespace: object.namespace } : {}), ...(host.args?.context ? { context: host.args.context } : {}) };
    try {
      place.replaceChildren(el("pre", {}, textOf(await host.call("get_flux_resource", args))));
      place.previousSibling.scrollIntoView({ block: "start" });
    } catch (error) {
      place.replaceChildren(el("p", {}, `There is no answer: ${error.message}`));
    }
  };
  return [el("h3", {}, "In detail"), el("button", { type: "button", click: ask }, "Read it now"), place];
}

const textOf = (result) => (result?.content ?? []).filter((part) => part?.type === "text").map((part) => String(part.text)).join("\n");

function result(params, asked = false) {
  const data = params?._meta?.[DATA];
  waiting("");
  byId("answer").hidden = Boolean(data);
  for (const part of ["main", "#tools", "#notes"]) document.querySelector(part).hidden = !data;
  if (data) return show(data);
  // An error, or a host that hands on the text alone: then the page may read the graph itself.
  const again = params?.isError || asked || !host.canCall ? null : el("button", { type: "button", click: readGraph }, "Draw the graph");
  byId("answer").replaceChildren(again ?? "", el("pre", { class: "text" }, textOf(params)));
}

async function readGraph() {
  byId("answer").replaceChildren(el("p", {}, "Reading …"));
  const { kind, name, namespace, context } = host.args ?? {};
  const args = Object.fromEntries(Object.entries({ kind, name, namespace, context }).filter(([, given]) => given !== undefined));
  try {
    result(await host.call("get_flux_graph", args), true);
  } catch (error) {
    byId("answer").replaceChildren(el("p", {}, `There is no answer: ${error.message}`));
  }
}

function waiting(said) {
  byId("empty").hidden = !said;
  byId("empty").textContent = said;
}

function context({ theme, containerDimensions }) {
  if (theme === "light" || theme === "dark") setTheme(theme);
  if (containerDimensions && !("height" in containerDimensions)) {
    const most = Number(containerDimensions.maxHeight) || INLINE_HEIGHT;
    document.body.style.height = `${Math.min(most, INLINE_HEIGHT)}px`;
    host.notify("ui/notifications/size-changed", { height: Math.min(most, INLINE_HEIGHT) });
  }
}

async function connect() {
  waiting("Waiting for the answer …");
  host = new Host({
    "ui/notifications/tool-input": (params) => (host.args = params.arguments),
    "ui/notifications/tool-result": result,
    "ui/notifications/host-context-changed": context,
  });
  context({ containerDimensions: {}, ...(await host.connect()) });
}

// ---- Theme, filters, keys

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
}

function listen() {
  byId("theme").addEventListener("click", () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
  let timer;
  byId("search").addEventListener("input", ({ target }) => {
    clearTimeout(timer);
    timer = setTimeout(() => filter("search", target.value), 120);
  });
  for (const name of ["health", "kind", "namespace", "relation"]) byId(name).addEventListener("change", ({ target }) => filter(name, target.value));
  byId("clear").addEventListener("click", () => {
    byId("search").value = "";
    Object.keys(filters).forEach((name) => (filters[name] = ""));
    update(true);
  });
  byId("fold").addEventListener("click", () => {
    open.clear();
    chosen = null;
    details();
    update(true);
  });
  byId("in").addEventListener("click", () => picture.zoom(1.3));
  byId("out").addEventListener("click", () => picture.zoom(1 / 1.3));
  byId("fit").addEventListener("click", () => picture.fit());
  const tabs = ["troubles", "objects"];
  tabs.forEach((tab) => byId(`tab-${tab}`).addEventListener("click", () => turn(tab)));
  byId("side").querySelector("[role=tablist]").addEventListener("keydown", ({ key }) => {
    if (key === "ArrowLeft" || key === "ArrowRight") {
      const other = byId("troubles").hidden ? "troubles" : "objects";
      turn(other);
      byId(`tab-${other}`).focus();
    }
  });
  document.addEventListener("keydown", (event) => {
    const typing = ["INPUT", "SELECT"].includes(event.target.tagName);
    if (event.key === "Escape") return chosen === null ? null : close();
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {
      "/": () => byId("search").focus(),
      "+": () => picture.zoom(1.3),
      "=": () => picture.zoom(1.3),
      "-": () => picture.zoom(1 / 1.3),
      0: () => picture.fit(),
    }[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });
}

function filter(name, value) {
  if (!shown) return;
  filters[name] = value;
  update(true);
}

function turn(tab) {
  for (const each of ["troubles", "objects"]) {
    byId(each).hidden = each !== tab;
    byId(`tab-${each}`).setAttribute("aria-selected", String(each === tab));
    byId(`tab-${each}`).setAttribute("tabindex", each === tab ? "0" : "-1");
  }
}

setTheme(window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
listen();
const held = byId("data").textContent;
if (held.startsWith("{")) show(JSON.parse(held));
else if (Host.there) connect().catch((error) => byId("notes").replaceChildren(el("p", { class: "warning" }, `The host does not answer: ${error.message}`)));
else byId("notes").replaceChildren(el("p", { class: "warning" }, "This page has no data."));
