/* The picture: one SVG for each view, the window on to it, and what is lit in it. */

const frame = find("frame");
const views = [...document.querySelectorAll(".view")].map(prepare);
const current = () => views[state.view];

/**
 * A view's elements by what they show. In a rolled view that is something else at every moment, which is a time step;
 * other views have but one moment. `box` is the part of the view that the frame shows.
 */
function prepare(element, number) {
  const { name, gaps, moments } = record.views[number];
  const shown = new Map(Object.entries(record.views[number].marks).map(([mark, node]) => [mark, [node].flat()]));
  const svg = element.querySelector("svg");
  const { x, y, width, height } = svg.viewBox.baseVal;
  svg.removeAttribute("width");
  svg.removeAttribute("height");
  const nodesOf = mark => shown.get(mark.dataset.mark) ?? [];
  const order = [], byNode = new Map();
  for (const mark of svg.querySelectorAll("[data-mark]")) {
    mark.setAttribute("tabindex", "-1");
    mark.setAttribute("role", "img");
    for (const node of nodesOf(mark)) if (node !== null) byNode.set(node, [...byNode.get(node) ?? [], mark]);
  }
  const lines = [...svg.querySelectorAll("[data-tail]")].map(line => connect(line, shown));
  const returning = lines.filter(({ line }) => line.classList.contains("returning"));
  const view = {
    name, element, svg, moments, nodesOf, byNode, lines,
    moment: Math.max(0, moments.length - 1),
    flow: returning.length ? returning : lines, // along which backprop is shown
    gaps: Object.entries(gaps).map(
      ([name, [first, last]]) => ({ mark: svg.querySelector(`[data-mark="${name}"]`), first, last })),
    order: [...new Set([...byNode.values()].flat())],
    whole: { x, y, width, height },
    box: null,
  };
  nameMarks(view);
  return view;
}

/** A line with the nodes of its two marks at each moment; at a gap these are one. */
function connect(line, shown) {
  const [tails, heads] = [line.dataset.tail, line.dataset.head].map(mark => shown.get(mark) ?? []);
  const ends = Array.from({ length: Math.max(1, tails.length, heads.length) }, (_, moment) => (
    { tail: tails[moment] ?? heads[moment], head: heads[moment] ?? tails[moment] }));
  return { line, ends, isReturning: line.classList.contains("returning") };
}

/* Moments: what a mark shows now. */

const nodeOf = mark => current().nodesOf(mark)[current().moment] ?? null;

const marksAt = number => (current().byNode.get(number) ?? []).filter(mark => nodeOf(mark) === number);

/** Turn to the moment of the last of the nodes that has one; without such a node, to the last moment of all. */
function turn(numbers) {
  const view = current(), { byNode, nodesOf, moments } = view;
  const momentOf = number => {
    const [mark] = byNode.get(number) ?? [];
    return mark ? nodesOf(mark).indexOf(number) : moments.indexOf(nodes[number].step);
  };
  const isRolled = moments.length > 0;
  if (isRolled) {
    const last = numbers.findLast(number => momentOf(number) >= 0);
    view.moment = last === undefined ? moments.length - 1 : momentOf(last);
    nameMarks(view);
  }
  find("moment").replaceChildren(...isRolled ? ["at ", make("var", {}, "t"), ` = ${moments[view.moment]}`] : []);
}

/** Tell those who do not see it what each mark of a view shows. */
function nameMarks({ svg, nodesOf, moment, moments }) {
  for (const mark of svg.querySelectorAll("[data-mark]")) {
    const shown = nodesOf(mark), node = shown[moment] ?? null;
    const nothing = shown.length ? `nothing at time step ${moments[moment]}` : "time steps left out";
    mark.setAttribute("aria-label", node === null ? nothing : describe(node));
  }
}

/** Show a part of the picture: a box as wide, with the frame's proportions, about the same middle. */
function look({ x, y, width, height }) {
  const high = width * frame.clientHeight / frame.clientWidth;
  const box = { x, y: y + (height - high) / 2, width, height: high };
  current().box = box;
  paint(box);
}

const paint = ({ x, y, width, height }) => current().svg.setAttribute("viewBox", `${x} ${y} ${width} ${height}`);

/** Show the picture anew in a frame that has another size or held another view. */
function refit() {
  const { box, whole } = current();
  frame.style.setProperty("--needed", `${whole.height * scaleFor(frame.clientWidth, whole) + 32}px`);
  if (box) look(box);
  else fit(true);
}

/** The size in which a picture is shown at first: as wide as the frame, unless it could not be read. */
const scaleFor = (room, { width }) => Math.min(1.9, Math.max(room / width, 0.6));

/** Show the whole picture; or of a long one its beginning, in a size in which it can be read. */
function fit(isReadable) {
  const whole = current().whole;
  const { clientWidth, clientHeight } = frame;
  const inWidth = isReadable ? scaleFor(clientWidth, whole) : clientWidth / whole.width;
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
  const { svg, order, nodesOf, lines } = current();
  const next = find("descendants").checked !== state.isShifted ? readersOf : inputsOf;
  const lit = state.isLighting ? reach(state.node, next) : new Set();
  svg.classList.toggle("lighting", state.isLighting);
  for (const mark of order) mark.classList.toggle("lit", nodesOf(mark).some(node => lit.has(node)));
  for (const { line, ends } of lines) {
    line.classList.toggle("lit", ends.some(({ tail, head }) => lit.has(tail) && lit.has(head)));
  }
}

/** What is known of the node last pointed at. */
function showNote() {
  if (state.node === null) return;
  const node = nodes[state.node];
  const settings = node.settings ? ` (${node.settings})` : "";
  const rows = {
    operation: node.op && node.op + settings,
    shape: `${shapeOf(state.node) || "a single number"}, ${node.dtype}`,
    "made from": node.inputs && make("span", {}, ...node.inputs.flatMap(nameWithShape)),
    value: make("span", { "data-part": "value" }, showValue(state.node)),
    adjoint: events.length ? make("span", { "data-part": "adjoint" }, showAdjoint(state.node)) : undefined,
    label: node.label,
    "time step": node.step,
    scope: node.scope,
  };
  const known = Object.entries(rows).filter(([, text]) => text !== undefined);
  const terms = known.flatMap(([term, text]) => [make("dt", {}, term), make("dd", {}, text)]);
  find("note-body").replaceChildren(make("p", { class: "formula" }, ...equation(state.node)), make("dl", {}, ...terms));
}

/** A name in a list, and its shape, if it has one. */
function nameWithShape(number, place) {
  const shape = number === null ? "" : shapeOf(number);
  return [place ? ", " : "", nameOf(number), shape && hint(` (${shape})`)];
}

/* Backprop in the picture. */

/** Show what it has reached, and what it reaches now; of a rolled view at its moment, or at that of a node looked at. */
function colour(looked) {
  const past = events.slice(0, state.position).map(({ node }) => node), event = past.at(-1);
  turn(looked === undefined ? past : [looked]);
  const { svg, order, flow, gaps, moment } = current();
  const reached = new Set(past);
  const here = event === undefined ? [] : marksOf(event);
  for (const mark of order) mark.classList.toggle("reached", reached.has(nodeOf(mark)));
  for (const mark of [...order, ...gaps.map(({ mark }) => mark)]) mark.classList.toggle("now", here.includes(mark));
  for (const { line, ends, isReturning } of flow) {
    const { tail, head } = ends[moment];
    const reader = Math.max(tail, head); // nodes come after what they read
    const isNeeded = eventOf.has(isReturning ? Math.min(tail, head) : tail);
    line.classList.toggle("reached", isNeeded && reached.has(reader));
    line.classList.toggle("now", isNeeded && reader === event);
  }
  svg.classList.toggle("stepping", event !== undefined);
  if (here.length === 1 || here.length === 2) reveal(here.at(-1)); // more of them are in many places
}

/**
 * The marks of a node: its own; or the gap that hides it; or where it has none, those of what it leads to, and of
 * these the ones in its own time step if there are such. They show it at this moment, unless `own` finds others.
 */
function marksOf(number, own = marksAt) {
  const { byNode, gaps } = current();
  const hiding = ({ step }) => gaps.filter(({ first, last }) => step >= first && step <= last).map(({ mark }) => mark);
  const found = new Set([number]), steps = new Map(); // of the marks
  for (const member of found) {
    const gap = byNode.has(member) ? [] : hiding(nodes[member]);
    [...own(member), ...gap].forEach(mark => steps.set(mark, nodes[member].step));
    if (!byNode.has(member) && gap.length === 0) readersOf(member).forEach(reader => found.add(reader));
  }
  const { step } = nodes[number], marks = [...steps.keys()];
  const here = marks.filter(mark => step !== undefined && steps.get(mark) === step);
  return here.length ? here : marks;
}
