// Where each box and edge stands: layers from left to right, by dagre.
import { Graph, layout as dagreLayout } from "@dagrejs/dagre";

const GAP = 14;

/**
 * Places boxes, and gives edges their points.
 *
 * Boxes with one neighbor alone, the same one on the same side, stand together in a block of several columns: a source
 * or an applier with forty users would make a column forty boxes high otherwise.
 * @param nodes {key, width, height}; gets x, y of the center.
 * @param edges {from, to}; get points.
 */
export function layout(nodes, edges) {
  const boxes = new Map(nodes.map((node) => [node.key, node]));
  const touching = new Map(nodes.map((node) => [node.key, []]));
  for (const edge of edges) {
    touching.get(edge.from).push(edge);
    touching.get(edge.to).push(edge);
  }
  const blocks = new Map();
  const blockOf = new Map();
  for (const node of nodes) {
    const near = touching.get(node.key);
    const neighbors = new Set(near.map((edge) => (edge.from === node.key ? edge.to : edge.from)));
    if (neighbors.size > 1) continue;
    const [neighbor] = neighbors;
    // Of two that have each other alone, the one that is needed is the parent.
    if (neighbor !== undefined && touching.get(neighbor).every((edge) => edge.from === node.key || edge.to === node.key) && near.some((edge) => edge.from === node.key)) continue;
    const key = neighbor === undefined ? "alone" : `${near[0].from === node.key ? "before" : "after"}\t${neighbor}`;
    if (!blocks.has(key)) blocks.set(key, []);
    blocks.get(key).push(node);
  }
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: "LR", nodesep: GAP, ranksep: 70, edgesep: 8, marginx: 20, marginy: 20 });
  for (const [key, members] of blocks) {
    if (members.length < 4) continue;
    const columns = members.length > 24 ? Math.ceil(Math.sqrt(members.length / 4)) : 2;
    const rows = Math.ceil(members.length / columns);
    const wide = Math.max(...members.map((node) => node.width));
    const high = Math.max(...members.map((node) => node.height));
    const block = { key: `block\t${key}`, members, rows, wide, high, width: columns * (wide + GAP) - GAP, height: rows * (high + GAP) - GAP };
    for (const member of members) blockOf.set(member.key, block);
    graph.setNode(block.key, block);
  }
  for (const node of nodes) if (!blockOf.has(node.key)) graph.setNode(node.key, { width: node.width, height: node.height });
  const standsFor = (key) => blockOf.get(key)?.key ?? key;
  edges.forEach((edge) => {
    const [from, to] = [standsFor(edge.from), standsFor(edge.to)];
    if (!graph.hasEdge(from, to)) graph.setEdge(from, to, { weight: edge.depends ? 1 : 2 });
  });
  dagreLayout(graph);
  for (const node of nodes) {
    const block = blockOf.get(node.key);
    const found = graph.node(standsFor(node.key));
    if (!block) Object.assign(node, { x: found.x, y: found.y });
    else {
      const place = block.members.indexOf(node);
      node.x = found.x - block.width / 2 + Math.floor(place / block.rows) * (block.wide + GAP) + block.wide / 2;
      node.y = found.y - block.height / 2 + (place % block.rows) * (block.high + GAP) + block.high / 2;
    }
  }
  for (const edge of edges) {
    const [from, to] = [boxes.get(edge.from), boxes.get(edge.to)];
    const routed = blockOf.has(edge.from) || blockOf.has(edge.to) ? null : graph.edge(edge.from, edge.to);
    edge.points = routed ? routed.points.map(({ x, y }) => [x, y]) : straight(from, to);
  }
  const { width = 0, height = 0 } = graph.graph();
  return { width: Math.max(0, width), height: Math.max(0, height) };
}

/** From the right side of one box to the left side of another. */
function straight(from, to) {
  const side = from.x <= to.x ? 1 : -1;
  const start = [from.x + (side * from.width) / 2, from.y];
  const end = [to.x - (side * to.width) / 2, to.y];
  const middle = (start[0] + end[0]) / 2;
  return [start, [middle, start[1]], [middle, end[1]], end];
}

/** The path through points as a smooth line. */
export function path(points) {
  const [[x, y], ...rest] = points;
  let line = `M${round(x)},${round(y)}`;
  if (rest.length === 1) return `${line}L${round(rest[0][0])},${round(rest[0][1])}`;
  for (let at = 0; at < rest.length - 1; at += 1) {
    const [[ax, ay], [bx, by]] = [rest[at], rest[at + 1]];
    const last = at === rest.length - 2;
    line += `Q${round(ax)},${round(ay)} ${round(last ? bx : (ax + bx) / 2)},${round(last ? by : (ay + by) / 2)}`;
  }
  return line;
}

const round = (number) => Math.round(number * 10) / 10;
