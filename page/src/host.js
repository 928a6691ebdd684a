// The host of an MCP App: JSON-RPC over postMessage, by the specification of MCP Apps (2026-01-26).

const VERSION = "2026-01-26";
const PATIENCE = 60_000;

export class Host {
  #next = 1;
  #waiting = new Map();
  #handlers;

  /** @param handlers notification method → called with its parameters. */
  constructor(handlers) {
    this.#handlers = handlers;
    window.addEventListener("message", (event) => this.#receive(event));
  }

  /** Whether there is a window around this one that may be a host. */
  static get there() {
    return window.parent !== window;
  }

  async connect() {
    const found = await this.request("ui/initialize", {
      protocolVersion: VERSION,
      appInfo: { name: "fluxcd-mcp", version: "1" },
      appCapabilities: { availableDisplayModes: ["inline", "fullscreen"] },
    });
    this.canCall = Boolean(found?.hostCapabilities?.serverTools);
    this.notify("ui/notifications/initialized", {});
    return found?.hostContext ?? {};
  }

  request(method, params) {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error("the host does not answer"));
      }, PATIENCE);
      this.#waiting.set(id, { resolve, reject, timer });
      this.#send({ id, method, params });
    });
  }

  notify(method, params) {
    this.#send({ method, params });
  }

  /** Calls a tool of the server; the text of its answer. */
  async call(name, args) {
    return this.request("tools/call", { name, arguments: args });
  }

  #send(message) {
    // The origin of a host is not known to a sandboxed page; nothing is sent but what the user asks for.
    window.parent.postMessage({ jsonrpc: "2.0", ...message }, "*");
  }

  #receive(event) {
    const message = event.data;
    if (event.source !== window.parent || message?.jsonrpc !== "2.0") return;
    if (message.method === undefined) {
      const waiting = this.#waiting.get(message.id);
      if (!waiting) return;
      this.#waiting.delete(message.id);
      clearTimeout(waiting.timer);
      if (message.error) waiting.reject(new Error(String(message.error.message)));
      else waiting.resolve(message.result);
    } else if (message.id === undefined) {
      if (Object.hasOwn(this.#handlers, message.method)) this.#handlers[message.method](message.params ?? {});
    } else if (message.method === "ping" || message.method === "ui/resource-teardown") {
      this.#send({ id: message.id, result: {} });
    } else {
      this.#send({ id: message.id, error: { code: -32601, message: "Method not found" } });
    }
  }
}
