// Reads a JSON list of diagrams, and writes what Mermaid's own parser makes of each: {nodes, edges} or {error}.
import { JSDOM } from "jsdom";
import { readFileSync } from "node:fs";

globalThis.window = new JSDOM("<!doctype html>").window;
globalThis.document = window.document;
const { default: mermaid } = await import(process.argv[2]);

// What stands in a label until it is drawn (Mermaid hides entity codes from its own parser).
const decode = (text) =>
  text.replace(/<br\s*\/?>/g, " ").replace(/ﬂ°°(\d+)¶ß/g, (_, code) => String.fromCodePoint(code));

const found = [];
for (const text of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    await mermaid.parse(text);
    const { nodes, edges } = (await mermaid.mermaidAPI.getDiagramFromText(text)).db.getData();
    const labels = Object.fromEntries(nodes.map((node) => [node.id, decode(node.label)]));
    found.push({
      nodes: nodes.map((node) => [labels[node.id], node.cssClasses]),
      edges: edges.map((edge) => [labels[edge.start], labels[edge.end], edge.pattern === "dotted"]),
    });
  } catch (error) {
    found.push({ error: String(error) });
  }
}
console.log(JSON.stringify(found));
