// A client of the TypeScript SDK asks a server over stdio: `node ask.mjs MODE COMMAND ARGUMENT…`.
//
// MODE is that of the second version of the SDK (legacy, auto, or a version of the protocol to insist on), or `first` for
// its first version. What the server answered is printed as JSON.

const [mode, command, ...args] = process.argv.slice(2);
const about = { name: 'ask', version: '1.0.0' };

async function first() {
  const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
  const { StdioClientTransport } = await import('@modelcontextprotocol/sdk/client/stdio.js');
  return [new Client(about), new StdioClientTransport({ command, args, env: process.env })];
}

async function second() {
  const { Client } = await import('@modelcontextprotocol/client');
  const { StdioClientTransport } = await import('@modelcontextprotocol/client/stdio');
  const versionNegotiation = { mode: ['legacy', 'auto'].includes(mode) ? mode : { pin: mode } };
  return [new Client(about, { versionNegotiation }), new StdioClientTransport({ command, args, env: process.env })];
}

const [client, transport] = await (mode === 'first' ? first() : second());
await client.connect(transport);
const call = (name, given) => client.callTool({ name, arguments: given });
const { tools } = await client.listTools();
const { prompts } = await client.listPrompts();
const { resources } = await client.listResources();
const read = await client.readResource({ uri: resources[0].uri });
const answer = await call('list_flux_resources', { kinds: ['Kustomization'], namespace: 'flux-system' });
const wrong = await call('list_flux_resources', { kinds: ['Kustomisation'] });
const era = mode === 'first' ? 'legacy' : client.getProtocolEra();
await client.close();
console.log(
  JSON.stringify({
    era,
    tools: tools.map(tool => tool.name),
    readOnly: tools.filter(tool => tool.annotations?.readOnlyHint).map(tool => tool.name),
    prompts: prompts.map(prompt => prompt.name),
    resource: read.contents[0].text,
    answer: answer.content[0].text,
    isError: answer.isError ?? false,
    wrong: wrong.content[0].text,
    wrongIsError: wrong.isError ?? false,
  }),
);
