// The data of a page, indexed; and what is drawn of it: objects, or groups where there are many.

/** Objects above which they are drawn in groups: by namespace, then by kind, then by name. */
export const MANY = 80;
const CHUNK = 60;

const LOOKS = {
  Stalled: "bad", Failing: "bad", Deleting: "busy", Pending: "busy", Stale: "busy", Waiting: "busy", Progressing: "busy",
  Suspended: "off", Ready: "ready", Static: "static",
};

const text = (content) => (typeof content === "string" ? content : "");
const list = (content) => (Array.isArray(content) ? content : []);

/** The model of the JSON that render/page.py writes. */
export function model(data) {
  const objects = list(data.objects).map((found, id) => ({
    id,
    kind: text(found.kind), namespace: text(found.namespace), name: text(found.name),
    health: text(found.health), absent: text(found.absent), flags: list(found.flags).map(text), trouble: found.trouble === true,
    age: text(found.age), revision: text(found.revision), suspendedBy: text(found.suspendedBy),
    reason: text(found.reason), message: text(found.message),
    conditions: list(found.conditions).map((condition) => list(condition).map(text)),
    above: [], below: [], causes: [], blocks: [],
  }));
  const there = (id) => Number.isInteger(id) && id >= 0 && id < objects.length;
  const edges = [];
  for (const [start, end, relation] of list(data.edges).map(list)) {
    if (!there(start) || !there(end)) continue;
    const { says = text(relation), reversed = false } = data.relations?.[relation] ?? {};
    const edge = { start, end, relation: text(relation), says: text(says), reversed: reversed === true, depends: relation === "dependsOn" };
    // What is above is needed by what is below.
    [edge.upper, edge.lower] = edge.reversed ? [end, start] : [start, end];
    objects[edge.upper].below.push(edge);
    objects[edge.lower].above.push(edge);
    edges.push(edge);
  }
  const causes = Array.isArray(data.causes)
    ? data.causes.map((cause) => ({
        lines: list(cause.lines).map(text),
        members: list(cause.members).filter(there),
        blocks: list(cause.blocks).filter(there),
      }))
    : null;
  for (const cause of causes ?? []) {
    for (const id of cause.members) {
      objects[id].causes.push(cause);
      objects[id].blocks.push(...cause.blocks.filter((other) => !objects[id].blocks.includes(other)));
    }
    for (const id of cause.blocks) objects[id].causes.push(cause);
  }
  const troubles = list(data.troubles).filter(there);
  if (causes === null) for (const id of troubles) objects[id].blocks = troubledBelow(objects, id);
  return {
    tool: text(data.tool), context: text(data.context), identity: text(data.identity), time: text(data.time),
    warnings: list(data.warnings).map(text), notes: list(data.notes).map(text),
    health: list(data.health).map(text), objects, edges, causes, troubles,
  };
}

/** The objects in trouble that need one, at whatever distance. */
function troubledBelow(objects, id) {
  const seen = new Set([id]);
  const waiting = [id];
  while (waiting.length) {
    for (const edge of objects[waiting.pop()].below) {
      if (!seen.has(edge.lower)) {
        seen.add(edge.lower);
        // A trouble spreads through what is in trouble alone.
        if (objects[edge.lower].trouble) waiting.push(edge.lower);
      }
    }
  }
  seen.delete(id);
  return [...seen].filter((other) => objects[other].trouble).sort((a, b) => a - b);
}

export const fullName = (object) => (object.namespace ? `${object.namespace}/${object.name}` : object.name);

/** Health and flags in words; empty of an object of which nothing is to be said. */
export function state(object) {
  if (object.absent) return object.absent;
  return object.flags.length ? `${object.health} (${object.flags.join(" ")})` : object.health;
}

export function look(object) {
  if (object.absent) return "absent";
  return object.health === "Ready" && object.flags.length ? "busy" : (LOOKS[object.health] ?? "static");
}

/** Whether an object passes the filters. */
export function passes(object, filters) {
  const words = filters.search.toLowerCase().split(/\s+/).filter(Boolean);
  const hay = words.length
    ? [object.kind, fullName(object), state(object), object.reason, object.message, object.revision].join(" ").toLowerCase()
    : "";
  const health =
    !filters.health || (filters.health === "trouble" ? object.trouble || object.absent === "missing" : state(object) === filters.health || object.health === filters.health);
  return (
    health &&
    (!filters.kind || object.kind === filters.kind) &&
    (!filters.namespace || object.namespace === filters.namespace.slice(1)) &&
    words.every((word) => hay.includes(word))
  );
}

/**
 * What is drawn: nodes {key, object} or {key, label, members}, and edges between keys.
 * @param open keys of the groups that are opened.
 */
export function drawn({ objects, edges }, visible, relation, open) {
  const nodes = new Map();
  const keys = new Map();
  const put = (ids, key, object, label) => {
    nodes.set(key, { key, object, label, members: ids });
    for (const id of ids) keys.set(id, key);
  };
  const single = (ids) => ids.forEach((id) => put([id], `o${id}`, objects[id]));
  if (visible.length <= MANY) single(visible);
  else {
    for (const [namespace, ids] of grouped(visible, (id) => objects[id].namespace)) {
      const key = `n${namespace}`;
      if (ids.length === 1) single(ids);
      else if (!open.has(key)) put(ids, key, null, namespace || "(cluster)");
      else if (ids.length <= MANY) single(ids);
      else openWide(namespace, key, ids);
    }
  }
  function openWide(namespace, above, ids) {
    for (const [kind, same] of grouped(ids, (id) => objects[id].kind)) {
      const key = `${above}\n${kind}`;
      if (same.length === 1) single(same);
      else if (!open.has(key)) put(same, key, null, `${namespace}: ${kind}`);
      else if (same.length <= MANY) single(same);
      else {
        for (let start = 0; start < same.length; start += CHUNK) {
          const part = same.slice(start, start + CHUNK);
          const chunk = `${key}\n${start}`;
          if (open.has(chunk)) single(part);
          else put(part, chunk, null, `${objects[part[0]].name} … ${objects[part.at(-1)].name}`);
        }
      }
    }
  }
  const found = new Map();
  for (const edge of edges) {
    if (relation && edge.relation !== relation) continue;
    const [from, to] = [keys.get(edge.upper), keys.get(edge.lower)];
    if (from === undefined || to === undefined || from === to) continue;
    const key = `${from}\t${to}\t${edge.depends}`;
    const known = found.get(key);
    if (known) known.count += 1;
    else found.set(key, { from, to, depends: edge.depends, reversed: edge.reversed, count: 1 });
  }
  return { nodes: [...nodes.values()], edges: [...found.values()], keys };
}

/** The groups that must be open for an object to be drawn. */
export function groupsAround(object, visible, objects) {
  const key = `n${object.namespace}`;
  const same = visible.filter((id) => objects[id].namespace === object.namespace && objects[id].kind === object.kind);
  const start = Math.floor(same.indexOf(object.id) / CHUNK) * CHUNK;
  return [key, `${key}\n${object.kind}`, `${key}\n${object.kind}\n${start}`];
}

function grouped(ids, by) {
  const groups = new Map();
  for (const id of ids) {
    const key = by(id);
    if (groups.has(key)) groups.get(key).push(id);
    else groups.set(key, [id]);
  }
  return groups;
}

/** How many objects have each health, in the order of trouble; those that are absent last. */
export function counts(ids, objects, order) {
  const found = new Map();
  for (const id of ids) {
    const key = objects[id].absent || objects[id].health;
    found.set(key, (found.get(key) ?? 0) + 1);
  }
  return [...found].sort(([a], [b]) => place(order, a) - place(order, b));
}

const place = (order, health) => (order.includes(health) ? order.indexOf(health) : order.length);
