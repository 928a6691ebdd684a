// A host of MCP Apps: it shows window.app.html in a sandboxed frame, hands on a tool result, and answers tools/call.
import { AppBridge, PostMessageTransport } from "@modelcontextprotocol/ext-apps/app-bridge";

const { html, theme, result, args, answers } = window.app;
const frame = document.querySelector("iframe");
const bridge = new AppBridge(null, { name: "test", version: "1" }, { serverTools: {} }, { hostContext: { theme, containerDimensions: { maxHeight: 700 } } });
window.calls = [];
bridge.oncalltool = async (params) => {
  window.calls.push(params);
  return answers[params.name] ?? { content: [{ type: "text", text: "no such tool" }], isError: true };
};
bridge.addEventListener("sizechange", ({ height }) => (frame.style.height = `${height}px`));
bridge.addEventListener("initialized", async () => {
  await bridge.sendToolInput({ arguments: args });
  await bridge.sendToolResult(result);
});
bridge.connect(new PostMessageTransport(frame.contentWindow, frame.contentWindow)).then(() => (frame.srcdoc = html));
window.setTheme = (to) => bridge.setHostContext({ theme: to, containerDimensions: { maxHeight: 700 } });
