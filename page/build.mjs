// Writes flux_mcp/render/page.html: one file that holds the script, the style, the layout library and its licenses.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";

const here = (path) => new URL(path, import.meta.url);
const read = (path) => readFileSync(here(path), "utf8");
const sha256 = (text, as) => createHash("sha256").update(text).digest(as);

const bundled = await build({
  entryPoints: [here("src/main.js").pathname],
  bundle: true,
  minify: true,
  charset: "utf8",
  format: "iife",
  target: "es2022",
  legalComments: "none",
  write: false,
});
const styled = await build({ entryPoints: [here("src/style.css").pathname], minify: true, write: false });
const script = bundled.outputFiles[0].text.trim().replaceAll("</script", "<\\/script");
const style = styled.outputFiles[0].text.trim();

// The packages that are bundled, each with its license.
const packages = ["@dagrejs/dagre", "@dagrejs/graphlib"];
const licenses = packages.map((name) => {
  const { version, license } = JSON.parse(read(`node_modules/${name}/package.json`));
  return `${name} ${version} (${license})\n\n${read(`node_modules/${name}/LICENSE`).trim()}`;
});

// Nothing but this script and this style runs; nothing is fetched, embedded or sent.
const csp = [
  "default-src 'none'",
  `script-src 'sha256-${sha256(script, "base64")}'`,
  `style-src 'sha256-${sha256(style, "base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

// What the page is built from: a test compares it with the files.
const sources = ["build.mjs", "package-lock.json", "package.json", ...readdirSync(here("src")).sort().map((name) => `src/${name}`)];
const digest = sha256(sources.map((path) => `${path} ${sha256(read(path), "hex")}\n`).join(""), "hex");

const page = read("src/page.html")
  .replace("__SOURCE__", () => digest)
  .replace("__CSP__", () => csp)
  .replace("__STYLE__", () => style)
  .replace("__SCRIPT__", () => script)
  .replace("__LICENSES__", () => licenses.join("\n\n\n"));
writeFileSync(here("../flux_mcp/render/page.html"), page);
