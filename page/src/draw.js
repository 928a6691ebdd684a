// Draws the graph as SVG, and moves it: pan, zoom, and the keyboard.
import { svg, byId, shorten } from "./dom.js";
import { layout, path } from "./layout.js";
import { counts, fullName, look, state } from "./model.js";

const HEIGHT = 46;
const BAD_ORDER = ["bad", "absent", "busy", "off", "ready", "static"];

const pen = document.createElement("canvas").getContext("2d");
function widthOf(text, font) {
  pen.font = font;
  return pen.measureText(text).width;
}

export class Picture {
  /** @param chosen called with a node of the model when it is clicked, or Enter is pressed on it. */
  constructor(chosen) {
    this.root = byId("graph");
    this.view = byId("view");
    this.chosen = chosen;
    this.at = { x: 0, y: 0, scale: 1 };
    this.size = { width: 0, height: 0 };
    this.nodes = [];
    this.edges = [];
    this.#listen();
  }

  draw({ nodes, edges }, { objects, health }) {
    this.nodes = nodes.map((node) => ({ ...node, ...describe(node, objects, health), height: HEIGHT }));
    this.edges = edges.map((edge) => ({ ...edge }));
    this.size = layout(this.nodes, this.edges);
    this.byKey = new Map(this.nodes.map((node) => [node.key, node]));
    this.neighbors = new Map(this.nodes.map((node) => [node.key, []]));
    for (const edge of this.edges) {
      this.neighbors.get(edge.from).push({ edge, key: edge.to, after: true });
      this.neighbors.get(edge.to).push({ edge, key: edge.from, after: false });
    }
    for (const edge of this.edges) edge.elements = drawEdge(edge);
    for (const node of this.nodes) node.element = this.#drawNode(node);
    this.view.replaceChildren(...this.edges.flatMap((edge) => edge.elements), ...this.nodes.map((node) => node.element));
    this.root.setAttribute("aria-label", `Graph of ${this.nodes.length} boxes and ${this.edges.length} edges`);
    this.#tabStop(this.nodes[0]?.key);
  }

  #drawNode(node) {
    const [left, top] = [node.x - node.width / 2, node.y - node.height / 2];
    const box = { x: left, y: top, width: node.width, height: node.height, rx: 7 };
    const under = node.object ? [] : [8, 4].map((by) => svg("rect", { ...box, x: left + by / 2, y: top + by, class: "back" }));
    return svg(
      "g",
      {
        class: `node ${node.style}${node.object ? "" : " group"}`, role: "button", tabindex: -1, "aria-label": node.spoken, "data-key": node.key,
        click: () => this.#moved || this.chosen(node),
        focus: () => this.#tabStop(node.key),
      },
      svg("title", {}, node.full),
      under,
      svg("rect", box),
      svg("text", { x: left + 11, y: top + 18, class: "kind" }, node.first, node.said ? svg("tspan", { class: "state" }, node.first ? ` · ${node.said}` : node.said) : null),
      svg("text", { x: left + 11, y: top + 36 }, node.second),
    );
  }

  /** Shows which object is chosen, with its edges and neighbors; null for none. */
  mark(key) {
    const near = new Set(key === null ? [] : [key, ...(this.neighbors.get(key) ?? []).map((other) => other.key)]);
    this.root.classList.toggle("chosen", near.size > 0);
    for (const node of this.nodes) {
      node.element.classList.toggle("near", near.has(node.key));
      node.element.setAttribute("aria-pressed", String(node.key === key));
    }
    for (const edge of this.edges) {
      for (const element of edge.elements) element.classList.toggle("near", key !== null && (edge.from === key || edge.to === key));
    }
  }

  focus(key) {
    this.byKey?.get(key)?.element.focus({ preventScroll: true });
  }

  /** Everything at once; where that would be smaller than a scale, as much as fits from where the graph starts. */
  fit(least = 0.05) {
    const { width, height } = this.root.getBoundingClientRect();
    if (!width || !this.size.width) return;
    const scale = Math.min(1.2, width / this.size.width, (height - 30) / this.size.height);
    if (scale >= least) return this.#move({ scale, x: (width - this.size.width * scale) / 2, y: (height - 24 - this.size.height * scale) / 2 });
    const [wide, high] = [this.size.width * least, this.size.height * least];
    const first = this.nodes.reduce((a, b) => (b.x < a.x ? b : a));
    const y = high <= height ? (height - high) / 2 : Math.min(0, Math.max(height - 24 - high, height / 2 - first.y * least));
    this.#move({ scale: least, x: wide <= width ? (width - wide) / 2 : 0, y });
  }

  /** Moves a box into sight, to the middle if it is far away. */
  reveal(key) {
    const node = this.byKey?.get(key);
    if (!node) return;
    const { left, width: whole, height } = this.root.getBoundingClientRect();
    // On a narrow screen the details lie above the graph.
    const details = byId("details");
    const covered = details.hidden ? Infinity : details.getBoundingClientRect().left - left;
    const width = covered > 150 ? Math.min(whole, covered) : whole;
    const scale = Math.max(this.at.scale, 0.75);
    const [x, y] = [node.x * scale + this.at.x, node.y * scale + this.at.y];
    const edge = 90;
    if (scale === this.at.scale && x > edge && x < width - edge && y > 40 && y < height - 60) return;
    this.#move({ scale, x: width / 2 - node.x * scale, y: height / 2 - node.y * scale });
  }

  zoom(factor, x, y) {
    const { width, height } = this.root.getBoundingClientRect();
    const [cx, cy] = [x ?? width / 2, y ?? height / 2];
    const scale = Math.min(3, Math.max(0.05, this.at.scale * factor));
    const by = scale / this.at.scale;
    this.#move({ scale, x: cx - (cx - this.at.x) * by, y: cy - (cy - this.at.y) * by });
  }

  #move(to) {
    this.at = to;
    this.view.setAttribute("transform", `translate(${to.x} ${to.y}) scale(${to.scale})`);
  }

  #moved = false;

  #tabStop(key) {
    for (const node of this.nodes) node.element.setAttribute("tabindex", node.key === key ? "0" : "-1");
  }

  #listen() {
    let from = null;
    this.root.addEventListener("pointerdown", (event) => {
      from = { x: event.clientX - this.at.x, y: event.clientY - this.at.y, startX: event.clientX, startY: event.clientY };
      this.#moved = false;
    });
    window.addEventListener("pointermove", (event) => {
      if (!from || !event.buttons) return;
      if (Math.hypot(event.clientX - from.startX, event.clientY - from.startY) > 4) this.#moved = true;
      if (this.#moved) {
        this.root.classList.add("moving");
        this.#move({ ...this.at, x: event.clientX - from.x, y: event.clientY - from.y });
      }
    });
    window.addEventListener("pointerup", () => {
      from = null;
      this.root.classList.remove("moving");
    });
    this.root.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        const { left, top } = this.root.getBoundingClientRect();
        this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.clientX - left, event.clientY - top);
      },
      { passive: false },
    );
    this.root.addEventListener("keydown", (event) => this.#key(event));
  }

  #key(event) {
    const node = this.byKey?.get(event.target.dataset?.key);
    if (!node || event.ctrlKey || event.metaKey || event.altKey) return;
    const next = {
      ArrowLeft: () => this.#nearest(node, (other) => other.x < node.x - 1),
      ArrowRight: () => this.#nearest(node, (other) => other.x > node.x + 1),
      ArrowUp: () => this.#nearestInColumn(node, -1),
      ArrowDown: () => this.#nearestInColumn(node, 1),
      Home: () => this.nodes[0],
      End: () => this.nodes.at(-1),
    }[event.key];
    if (next) {
      const found = next();
      if (found) {
        this.reveal(found.key);
        this.focus(found.key);
      }
    } else if (event.key === "Enter" || event.key === " ") this.chosen(node);
    else return;
    event.preventDefault();
  }

  /** Along an edge if there is one, else the box that is nearest on that side. */
  #nearest(node, there) {
    const along = (this.neighbors.get(node.key) ?? []).map(({ key }) => this.byKey.get(key)).filter(there);
    const distance = (other) => Math.abs(other.x - node.x) + 2 * Math.abs(other.y - node.y);
    return (along.length ? along : this.nodes.filter(there)).sort((a, b) => distance(a) - distance(b))[0];
  }

  #nearestInColumn(node, way) {
    const there = this.nodes.filter((other) => (other.y - node.y) * way > 1);
    const distance = (other) => 4 * Math.abs(other.x - node.x) + Math.abs(other.y - node.y);
    return there.sort((a, b) => distance(a) - distance(b))[0];
  }
}

/** The texts, the style and the width of a box. */
function describe(node, objects, order) {
  let found;
  if (node.object) {
    const { object } = node;
    const said = object.health === "Ready" && !object.flags.length ? "" : state(object);
    const ends = `needs ${object.above.length}, needed by ${object.below.length}`;
    found = {
      first: shorten(object.kind, 26), said: shorten(said, 32), second: shorten(fullName(object), 36), style: look(object),
      full: `${object.kind} ${fullName(object)}: ${state(object)}`,
      spoken: `${object.kind} ${fullName(object)}, ${state(object)}${object.reason ? `, ${object.reason}` : ""}, ${ends}`,
    };
  } else {
    const each = counts(node.members, objects, order).map(([health, number]) => `${number} ${health}`);
    const looks = new Set(node.members.map((id) => look(objects[id])));
    const said = each.slice(0, 3).join(", ") + (each.length > 3 ? ", …" : "");
    found = {
      first: "", said, second: `${shorten(node.label, 36)} (${node.members.length})`, style: BAD_ORDER.find((style) => looks.has(style)) ?? "static",
      full: `${node.label}: ${each.join(", ")}`,
      spoken: `Group ${node.label}, ${node.members.length} objects: ${each.join(", ")}. Enter opens it.`,
    };
  }
  const first = widthOf(found.first + (found.said ? ` · ${found.said}` : ""), "600 12px system-ui, sans-serif");
  return { ...found, width: Math.max(110, first, widthOf(found.second, "600 13px system-ui, sans-serif")) + 24 };
}

function drawEdge(edge) {
  // Laid out from what is needed to what needs it; a dependency points the other way.
  const points = edge.reversed ? [...edge.points].reverse() : edge.points;
  const [[ax, ay], [bx, by]] = points.slice(-2);
  const style = edge.depends ? " depends" : "";
  const turn = (Math.atan2(by - ay, bx - ax) * 180) / Math.PI;
  return [
    svg("path", { class: `edge${style}`, d: path(points), "stroke-width": edge.count > 1 ? Math.min(4, 1 + Math.log2(edge.count)) : null }),
    svg("path", { class: `head${style}`, d: "M0,0L-9,-4.5L-9,4.5Z", transform: `translate(${bx} ${by}) rotate(${turn})` }),
  ];
}
