// Opens a file in a browser and uses it as a person would: {browser, file, theme, width, height, steps} on stdin.
// Writes {values, requests, problems}: what the steps named "value" found, what was requested beside the file, and errors.
import { readFileSync } from "node:fs";
import puppeteer from "puppeteer-core";

const { browser: executablePath, file, theme = "light", width = 1500, height = 900, steps } = JSON.parse(readFileSync(0, "utf8"));
const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-quic", "--no-first-run"];
const browser = await puppeteer.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", ...quiet] });
const page = await browser.newPage();
const [values, requests, problems] = [[], [], []];
page.on("request", (request) => request.url() === file || requests.push(request.url()));
page.on("console", (message) => ["error", "warn"].includes(message.type()) && problems.push(message.text()));
page.on("pageerror", (error) => problems.push(String(error)));
page.on("dialog", (dialog) => problems.push(dialog.message()) && dialog.dismiss());
await page.setViewport({ width, height });
await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: theme }]);
await page.goto(file);

// The page itself, or the one in its frame.
let place = page;
const actions = {
  frame: async () => {
    await page.waitForSelector("iframe");
    place = await (await page.$("iframe")).contentFrame();
  },
  page: () => (place = page),
  until: (script) => place.waitForFunction(script),
  value: async (script) => values.push(await place.evaluate(script)),
  click: async (selector) => (await place.waitForSelector(selector)).click(),
  press: (...keys) => keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve()),
  type: (text) => page.keyboard.type(text),
  select: (selector, value) => place.select(selector, value),
  wheel: async (selector, deltaY) => {
    await place.hover(selector);
    await page.mouse.wheel({ deltaY });
  },
  drag: async (x, y, byX, byY) => {
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + byX, y + byY, { steps: 3 });
    await page.mouse.up();
  },
  shot: (path) => page.screenshot({ path }),
};
try {
  for (const [action, ...args] of steps) await actions[action](...args);
} catch (error) {
  problems.push(`step failed: ${error}`);
}
await browser.close();
console.log(JSON.stringify({ values, requests, problems }));
