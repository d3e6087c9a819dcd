/* The picture: one SVG for each view, the window on to it, and what is lit in it. */

const frame = find("frame");
const views = [...document.querySelectorAll(".view")].map(prepare);
const current = () => views[state.view];

/** A view's elements by what they show; `box` is the part of it that the frame shows. */
function prepare(element, number) {
  const view = record.views[number];
  const svg = element.querySelector("svg");
  const { x, y, width, height } = svg.viewBox.baseVal;
  svg.removeAttribute("width");
  svg.removeAttribute("height");
  const nodeOf = mark => view.marks[mark.dataset.mark];
  const byNode = new Map();
  for (const mark of svg.querySelectorAll("[data-mark]")) {
    const node = nodeOf(mark);
    mark.setAttribute("tabindex", "-1");
    mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", node === undefined ? "time steps left out" : describe(node));
    if (node !== undefined) byNode.set(node, [...byNode.get(node) ?? [], mark]);
  }
  const lines = [...svg.querySelectorAll("[data-tail]")].map(line => connect(line, view.marks));
  const returning = lines.filter(({ line }) => line.classList.contains("returning"));
  const gaps = Object.entries(view.gaps).map(
    ([name, [first, last]]) => ({ mark: svg.querySelector(`[data-mark="${name}"]`), first, last }));
  const order = [...byNode.values()].flat();
  const whole = { x, y, width, height };
  const flow = returning.length ? returning : lines; // along which backprop is shown
  return { name: view.name, element, svg, nodeOf, byNode, lines, flow, gaps, order, whole, box: null };
}

/** A line with the node whose value goes along it and the one that reads it; at a gap these are one. */
function connect(line, marks) {
  const ends = [marks[line.dataset.tail], marks[line.dataset.head]].filter(node => node !== undefined);
  if (line.classList.contains("returning")) ends.sort((one, other) => one - other); // nodes come after what they read
  return { line, source: ends[0], reader: ends.at(-1) };
}

/** Show a part of the picture: a box with the frame's proportions. */
function look(box) {
  current().box = box;
  current().svg.setAttribute("viewBox", `${box.x} ${box.y} ${box.width} ${box.height}`);
}

/** Show the whole picture; or of a long one its beginning, in a size in which it can be read. */
function fit(isReadable) {
  const whole = current().whole;
  const { clientWidth, clientHeight } = frame;
  const inWidth = Math.max(clientWidth / whole.width, isReadable ? 0.6 : 0);
  const scale = Math.min(1.9, clientHeight / whole.height, inWidth);
  const width = clientWidth / scale, height = clientHeight / scale;
  const start = (from, length, room) => room > length ? from - (room - length) / 2 : from;
  look({ x: start(whole.x, whole.width, width), y: start(whole.y, whole.height, height), width, height });
}

/** Zoom about a point of the frame, given as parts of its width and height. */
function zoom(factor, across = 0.5, down = 0.5) {
  const { x, y, width, height } = current().box;
  const scale = frame.clientWidth / width;
  const change = Math.min(8, Math.max(0.04, scale * factor)) / scale;
  const stay = 1 - 1 / change;
  look({ x: x + across * width * stay, y: y + down * height * stay, width: width / change, height: height / change });
}

/** Move the window by parts of its width and height. */
function pan(across, down) {
  const { x, y, width, height } = current().box;
  look({ x: x + across * width, y: y + down * height, width, height });
}

/** Bring a mark into the frame, from where it is outside. */
function reveal(mark) {
  const here = mark.getBoundingClientRect(), there = frame.getBoundingClientRect();
  const isBeside = here.left < there.left || here.right > there.right;
  const isAbove = here.top < there.top || here.bottom > there.bottom;
  const across = (here.left + here.width / 2 - there.left) / there.width - 0.5;
  const down = (here.top + here.height / 2 - there.top) / there.height - 0.5;
  if (isBeside || isAbove) pan(isBeside ? across : 0, isAbove ? down : 0);
}

/* Lighting: the node pointed at, with its ancestors or its descendants. */

function attend(number) {
  state.node = number;
  state.isLighting = true;
  light();
  showNote();
}

function neglect() {
  state.isLighting = false;
  light();
}

function light() {
  const { svg, byNode, lines } = current();
  const next = find("descendants").checked !== state.isShifted ? readersOf : inputsOf;
  const lit = state.isLighting ? reach(state.node, next) : new Set();
  svg.classList.toggle("lighting", state.isLighting);
  for (const [node, marks] of byNode) marks.forEach(mark => mark.classList.toggle("lit", lit.has(node)));
  for (const { line, source, reader } of lines) line.classList.toggle("lit", lit.has(source) && lit.has(reader));
}

/** What is known of the node last pointed at. */
function showNote() {
  if (state.node === null) return;
  const node = nodes[state.node];
  const settings = node.settings ? ` (${node.settings})` : "";
  const rows = {
    operation: node.op && node.op + settings,
    label: node.label,
    "time step": node.step,
    scope: node.scope,
    shape: `${node.shape.join(" × ") || "a single number"}, ${node.dtype}`,
    "made from": node.inputs && make("span", {}, ...list(node.inputs)),
    value: make("span", { "data-part": "value" }, showValue(state.node)),
    adjoint: events.length ? make("span", { "data-part": "adjoint" }, showAdjoint(state.node)) : undefined,
  };
  const known = Object.entries(rows).filter(([, text]) => text !== undefined);
  const terms = known.flatMap(([term, text]) => [make("dt", {}, term), make("dd", {}, text)]);
  find("note-body").replaceChildren(make("p", { class: "formula" }, ...equation(state.node)), make("dl", {}, ...terms));
}

/* Backprop in the picture: what it has reached, and what it reaches now. */

function colour(event) {
  const { svg, byNode, flow, gaps } = current();
  const reached = new Set(events.slice(0, state.position).map(({ node }) => node));
  const here = event ? marksOf(event.node) : [];
  for (const [node, marks] of byNode) {
    for (const mark of marks) {
      mark.classList.toggle("reached", reached.has(node));
      mark.classList.toggle("now", here.includes(mark));
    }
  }
  for (const { mark } of gaps) mark.classList.toggle("now", here.includes(mark));
  for (const { line, source, reader } of flow) {
    line.classList.toggle("reached", reached.has(reader) && eventOf.has(source));
    line.classList.toggle("now", reader === event?.node && eventOf.has(source));
  }
  svg.classList.toggle("stepping", event !== undefined);
  if (here.length === 1 || here.length === 2) reveal(here.at(-1)); // more of them are in many places
}

/**
 * The marks of a node: its own; or the gap that hides it; or where it has none, those of what it leads to, and of
 * these the ones in its own time step if there are such.
 */
function marksOf(number) {
  const { byNode, gaps } = current();
  const hiding = ({ step }) => gaps.filter(({ first, last }) => step >= first && step <= last).map(({ mark }) => mark);
  const found = new Set([number]), steps = new Map(); // of the marks
  for (const member of found) {
    const own = byNode.get(member) ?? hiding(nodes[member]);
    own.forEach(mark => steps.set(mark, nodes[member].step));
    if (own.length === 0) readersOf(member).forEach(reader => found.add(reader));
  }
  const { step } = nodes[number], marks = [...steps.keys()];
  const here = marks.filter(mark => step !== undefined && steps.get(mark) === step);
  return here.length ? here : marks;
}
