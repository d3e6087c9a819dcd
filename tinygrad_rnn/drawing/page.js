"use strict";

const record = JSON.parse(document.getElementById("record").textContent);
const { nodes, events, operations, parameters } = record;
const find = id => document.getElementById(id);

/* The graph: who reads whom, and when backprop comes to each node. */

const readers = nodes.map(() => []);
nodes.forEach((node, number) => (node.inputs ?? []).forEach(source => source === null || readers[source].push(number)));
const eventOf = new Map(events.map((event, order) => [event.node, order]));

const inputsOf = number => (nodes[number].inputs ?? []).filter(source => source !== null);

/** A node and all from which it is reached by `next`: its inputs lead to its ancestors, its readers to its descendants. */
function reach(number, next) {
  const found = new Set([number]);
  for (const member of found) next(member).forEach(other => found.add(other));
  return found;
}

/* State: what is looked at, and how far backprop has come. */

const state = { view: 0, position: 0, node: null, hit: -1, timer: null, shift: false };

/* Elements. Whatever comes from the graph becomes text here, never markup. */

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/* Names, formulas and numbers */

const plainName = number =>
  nodes[number]?.name ? nodes[number].name.map(([text, , script]) => ({ sub: "_", sup: "^" }[script] ?? "") + text).join("")
    : number === null ? "…" : `v_${number}`;

/** A node's name as it stands in the picture; a node without a label is v with its number. */
function nameOf(number) {
  const runs = number === null ? [["…", "upright", "base"]]
    : nodes[number].name ?? [["v", "italic", "base"], [String(number), "upright", "sub"]];
  const tags = { sub: "sub", sup: "sup", base: "span" };
  return make("span", { class: "name" }, ...runs.map(([text, style, script]) => {
    const inner = style === "italic" ? make("i", {}, text) : style === "sans" ? make("span", { class: "sans" }, text) : text;
    return script === "base" ? inner : make(tags[script], {}, inner);
  }));
}

/** A formula, with each letter replaced by what `letters` makes of it, and ² and ᵀ as exponents of that. */
function write(formula, letters) {
  const pieces = [];
  let end = 0;
  for (const found of formula.matchAll(/\^\((?<exponent>[^)]*)\)|(?<![A-Za-z])(?<letter>ȳ|[A-Za-z])(?<mark>[²ᵀ]?)(?![A-Za-z])/gu)) {
    const { exponent, letter, mark } = found.groups;
    pieces.push(formula.slice(end, found.index));
    end = found.index + found[0].length;
    if (exponent !== undefined) pieces.push(make("sup", {}, ...write(exponent, letters)));
    else {
      const piece = letters(letter) ?? letter;
      pieces.push(mark ? make("span", { class: "power" }, piece, make("sup", {}, { "²": "2", "ᵀ": "T" }[mark])) : piece);
    }
  }
  return [...pieces, formula.slice(end)].filter(piece => piece !== "");
}

/** What a node computes: tanh(a_3). */
function computation(number) {
  const { op, formula, inputs, kind, settings } = nodes[number];
  if (kind) return [make("span", { class: "kind" }, kind)];
  const { operands, value } = operations[formula];
  if (operands) return write(value, letter => operands.includes(letter) ? nameOf(inputs[operands.indexOf(letter)]) : null);
  return [`${value === formula ? op : value}(`, ...inputs.flatMap((source, k) => k ? [", ", nameOf(source)] : [nameOf(source)]), ")"];
}

const equation = number => [nameOf(number), nodes[number].kind ? ", " : " = ", ...computation(number)];

function short(number) {
  if (!Number.isFinite(number)) return String(number).replace("-", "−").replace("Infinity", "∞");
  const size = Math.abs(number);
  if (size === 0 || (size >= 1e-3 && size < 1e5)) return String(Number(number.toPrecision(4))).replace("-", "−");
  const [mantissa, exponent] = number.toExponential(2).replace("-", "−").split("e");
  const raised = exponent.replace("+", "").replace(/[-−\d]/g, sign => "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign] ?? "⁻");
  return `${mantissa}·10${raised}`;
}

function cell(tag, number, largest) {
  const element = make(tag, { "data-value": String(number), title: String(number) }, short(number));
  if (number !== 0 && largest > 0 && Number.isFinite(number)) {
    element.className = number > 0 ? "positive" : "negative";
    element.style.setProperty("--depth", `${Math.round(12 + 58 * Math.abs(number) / largest)}%`);
  }
  return element;
}

/** How an array is laid out in rows and columns; a short vector stands upright, as in the formulas, unless it may not. */
function layOut(array, shape, upright) {
  if (array.rows) return [array.rows.length, array.columns.length];
  if (shape.length === 1) return upright && shape[0] <= 8 ? [shape[0], 1] : [1, shape[0]];
  const columns = shape.at(-1);
  return [columns ? array.entries.length / columns : 0, columns];
}

/** An array as a table of its numbers, coloured as a heat map; a number without axes as itself. */
function show(array, shape, upright = true) {
  const entries = array.entries.map(Number);
  if (shape.length === 0) return make("span", { class: "number", "data-value": String(entries[0]), title: String(entries[0]) }, short(entries[0]));
  if (entries.length === 0) return make("span", { class: "hint" }, `no numbers (${shape.join("×")})`);
  const [rows, columns] = layOut(array, shape, upright);
  const largest = Math.max(...entries.filter(Number.isFinite).map(Math.abs));
  const table = make("table", {}, ...Array.from({ length: rows }, (_, row) =>
    make("tr", {}, ...entries.slice(row * columns, (row + 1) * columns).map(number => cell("td", number, largest)))));
  const box = make("span", { class: rows * columns > 64 ? "numbers dense" : "numbers" }, table);
  if (array.rows) {
    const known = array.norm === undefined ? ""
      : `; all between ${short(Number(array.least))} and ${short(Number(array.largest))}, norm ${short(Number(array.norm))}`;
    box.append(make("small", {}, `${rows * columns} of ${shape.join("×")} entries${known}`));
  }
  return box;
}

const leftOut = () => make("span", { class: "hint" }, "(not in this page)");

function showValue(number, upright) {
  const { value, shape } = nodes[number];
  return value ? show(value, shape, upright) : leftOut();
}

/* The picture: one SVG for each view, and a window on to it. */

const views = record.views.map((view, number) => {
  const element = document.querySelectorAll(".view")[number];
  const svg = element.querySelector("svg");
  const { x, y, width, height } = svg.viewBox.baseVal;
  const marks = new Map([...svg.querySelectorAll("[data-mark]")].map(mark => [mark.dataset.mark, mark]));
  const byNode = new Map();
  for (const [name, mark] of marks) {
    const node = view.marks[name];
    mark.setAttribute("tabindex", "-1");
    mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", node === undefined ? "time steps left out" : describe(node));
    if (node !== undefined) byNode.set(node, [...byNode.get(node) ?? [], mark]);
  }
  const lines = [...svg.querySelectorAll("[data-tail]")].map(line =>
    ({ line, tail: view.marks[line.dataset.tail], head: view.marks[line.dataset.head] }));
  const gaps = Object.entries(view.gaps).map(([name, [first, last]]) => ({ mark: marks.get(name), first, last }));
  const order = [...marks.keys()].filter(name => name in view.marks).map(name => marks.get(name));
  svg.removeAttribute("width");
  svg.removeAttribute("height");
  const nodeOf = mark => view.marks[mark.dataset.mark];
  return { name: view.name, element, svg, nodeOf, byNode, lines, gaps, order, whole: { x, y, width, height }, box: null };
});
const frame = find("frame");
const current = () => views[state.view];

function describe(number) {
  const { step } = nodes[number];
  return equation(number).map(piece => piece.textContent ?? piece).join("") + (step === undefined ? "" : `, time step ${step}`);
}

/** Show a part of the picture: a box with the frame's proportions. */
function look(box) {
  const view = current();
  view.box = box;
  view.svg.setAttribute("viewBox", `${box.x} ${box.y} ${box.width} ${box.height}`);
}

/** Show the whole picture; or of a long one its beginning, in a size in which it can be read. */
function fit(isReadable) {
  const { x, y, width, height } = current().whole;
  const { clientWidth, clientHeight } = frame;
  const inHeight = clientHeight / height;
  const scale = Math.min(1.9, inHeight, Math.max(clientWidth / width, isReadable ? 0.7 : 0));
  const box = { width: clientWidth / scale, height: clientHeight / scale };
  const start = (from, length, room) => room > length ? from - (room - length) / 2 : from;
  look({ ...box, x: start(x, width, box.width), y: start(y, height, box.height) });
}

/** Zoom about a point of the frame, given as parts of its width and height. */
function zoom(factor, across = 0.5, down = 0.5) {
  const { x, y, width, height } = current().box;
  const scale = frame.clientWidth / width;
  const change = Math.min(8, Math.max(0.04, scale * factor)) / scale;
  look({ x: x + across * width * (1 - 1 / change), y: y + down * height * (1 - 1 / change), width: width / change, height: height / change });
}

function pan(across, down) {
  const { x, y, width, height } = current().box;
  look({ x: x + across * width, y: y + down * height, width, height });
}

/** Bring a mark into the frame, if it is not there. */
function reveal(mark) {
  const here = mark.getBoundingClientRect(), there = frame.getBoundingClientRect();
  if (here.left >= there.left && here.right <= there.right && here.top >= there.top && here.bottom <= there.bottom) return;
  pan((here.left + here.width / 2 - there.left) / there.width - 0.5, (here.top + here.height / 2 - there.top) / there.height - 0.5);
}

/* Lighting: a node with its ancestors, or with its descendants. */

function light(number) {
  const forward = find("descendants").checked !== state.shift;
  const lit = number === null ? new Set() : reach(number, forward ? other => readers[other] : inputsOf);
  const { svg, byNode, lines } = current();
  svg.classList.toggle("lighting", number !== null);
  for (const [node, marks] of byNode) marks.forEach(mark => mark.classList.toggle("lit", lit.has(node)));
  for (const { line, tail, head } of lines) line.classList.toggle("lit", lit.has(tail) && lit.has(head));
}

function attend(number) {
  state.node = number;
  state.lighting = true;
  light(number);
  showNote();
}

function neglect() {
  state.lighting = false;
  light(null);
}

/** What is known of the node last pointed at. */
function showNote() {
  if (state.node === null) return;
  const number = state.node, node = nodes[number];
  const rows = [
    ["operation", node.op ? node.op + (node.settings ? ` (${node.settings})` : "") : node.kind],
    ["label", node.label], ["time step", node.step], ["scope", node.scope],
    ["shape", `${node.shape.join(" × ") || "a single number"}, ${node.dtype}`],
    ["made from", node.inputs?.length ? make("span", {}, ...node.inputs.flatMap((source, k) => k ? [", ", nameOf(source)] : [nameOf(source)])) : undefined],
    ["value", make("span", { "data-part": "value" }, showValue(number))],
    ["adjoint", events.length ? make("span", { "data-part": "adjoint" }, showAdjoint(number)) : undefined],
  ];
  const list = make("dl", {});
  for (const [term, text] of rows) if (text !== undefined) list.append(make("dt", {}, term), make("dd", {}, text));
  find("note-body").replaceChildren(make("p", { class: "formula" }, ...equation(number)), list);
  find("note").dataset.node = number;
}

function showAdjoint(number, upright) {
  const order = eventOf.get(number);
  if (order === undefined) return make("span", { class: "hint" }, "none: no gradient is asked for");
  if (order >= state.position) return make("span", { class: "hint" }, "not reached yet");
  return events[order].adjoint ? show(events[order].adjoint, nodes[number].shape, upright) : leftOut();
}

/* Backprop: how far it has come, in the picture and in numbers. */

const bar = letter => make("i", {}, letter === "y" ? "ȳ" : `${letter}\u0304`);

function go(position) {
  state.position = Math.min(events.length, Math.max(0, position));
  const event = events[state.position - 1];
  find("slider").value = state.position;
  find("slider").setAttribute("aria-valuetext", event ? describe(event.node) : "before backprop");
  find("count").textContent = `${state.position} of ${events.length}`;
  find("jump").value = event ? nodes[event.node].step ?? "" : "";
  if (state.position === events.length) pause();
  colour(event);
  showEvent(event);
  showGradients(event);
  showNote();
  fillWords();
  remember();
}

/** Colour what backprop has reached; the marks of what it reaches now stand out. */
function colour(event) {
  const reached = new Set(events.slice(0, state.position).map(({ node }) => node));
  const { byNode, lines, gaps } = current();
  const here = new Set(event ? [event.node] : []);
  if (event && !byNode.has(event.node)) readers[event.node].filter(reader => byNode.has(reader)).forEach(reader => here.add(reader));
  for (const [node, marks] of byNode) {
    for (const mark of marks) {
      mark.classList.toggle("reached", reached.has(node));
      mark.classList.toggle("now", here.has(node));
    }
  }
  for (const { line, tail, head } of lines) {
    line.classList.toggle("flowed", reached.has(head) && eventOf.has(tail));
    line.classList.toggle("now", head === event?.node && eventOf.has(tail));
  }
  const step = event && nodes[event.node].step;
  for (const { mark, first, last } of gaps) mark.classList.toggle("now", step >= first && step <= last);
  const shown = event && (byNode.get(event.node)?.at(-1) ?? gaps.find(({ mark }) => mark.classList.contains("now"))?.mark);
  if (shown && current().box) reveal(shown);
}

function showEvent(event) {
  if (!event) {
    find("status").replaceChildren("Nothing has happened yet. Backprop starts at ", nameOf(record.output), ", whose adjoint is 1.");
    find("event").replaceChildren();
    return;
  }
  const node = nodes[event.node];
  const where = node.step === undefined ? "" : `, time step ${node.step}`;
  find("status").replaceChildren(`Event ${state.position}${where}: `, ...equation(event.node), ".");
  const adjoint = make("div", { class: "adjoint", "data-part": "adjoint" },
    make("span", { class: "formula" }, node.op ? bar("y") : "its gradient", " = ∂", nameOf(record.output), " / ∂", nameOf(event.node), " = "),
    event.adjoint ? show(event.adjoint, node.shape) : leftOut());
  find("event").replaceChildren(adjoint, ...(node.op ? node.inputs.map((_, operand) => showContribution(event, operand)) : [
    make("p", {}, "A parameter: it hands on nothing. All that it received is summed up, and that is its gradient."),
  ]));
}

/** What one operand receives: the rule in symbols, and the same with numbers. */
function showContribution(event, operand) {
  const { inputs, formula } = nodes[event.node];
  const { operands, rules } = operations[formula];
  const letter = operands[operand] ?? "x";
  const source = inputs[operand];
  const box = make("div", { class: "contribution", "data-operand": operand });
  const given = event.contributions?.[operand];
  if (!(event.contributions ? given : event.needed[operand])) {
    box.append(make("p", { class: "hint" }, nameOf(source), " needs no gradient."));
    return box;
  }
  const rule = rules[operand] ?? rules[0];
  const italic = sign => sign === "ȳ" ? bar("y") : sign === "y" || operands.includes(sign) ? make("i", {}, sign) : null;
  box.append(make("p", { class: "formula" }, nameOf(source), " receives ", bar(letter), " = ", ...write(rule, italic)));
  const numbers = sign => {
    if (sign === "ȳ") return show(event.adjoint, nodes[event.node].shape);
    if (sign === "y") return showValue(event.node);
    return operands.includes(sign) ? showValue(inputs[operands.indexOf(sign)]) : null;
  };
  if (given) {
    box.append(make("p", { class: "worked" }, ...write(rule, numbers), make("span", {}, "="),
      make("span", { "data-part": "contribution" }, show(given, nodes[source].shape))));
  } else box.append(make("p", {}, leftOut()));
  return box;
}

/* The gradients of the parameters, summed up from what they have received. */

const sums = { position: 0, totals: new Map() };

/** Add what the events up to the position contribute; anew if that lies before what was summed. */
function sumUp() {
  if (sums.position > state.position) Object.assign(sums, { position: 0, totals: new Map() });
  for (; sums.position < state.position; sums.position++) {
    const { node, contributions, needed } = events[sums.position];
    (nodes[node].inputs ?? []).forEach((source, operand) => {
      if (nodes[source].kind !== "parameter" || !(contributions ?? needed)[operand]) return;
      const total = sums.totals.get(source) ?? { count: 0, isWhole: true, array: null };
      sums.totals.set(source, { count: total.count + 1, isWhole: total.isWhole && !!contributions, array: add(total.array, contributions?.[operand]) });
    });
  }
}

function add(total, given) {
  if (!given || !total) return given ? { ...given, norm: undefined } : total;
  return { ...total, entries: total.entries.map((number, place) => Number(number) + Number(given.entries[place])) };
}

function showGradients(event) {
  sumUp();
  const changed = new Set(event ? [event.node, ...inputsOf(event.node)] : []);
  find("gradients-body").replaceChildren(...parameters.map(number => {
    const { shape } = nodes[number];
    const total = sums.totals.get(number);
    const order = eventOf.get(number);
    const final = order !== undefined && order < state.position ? events[order].adjoint : undefined;
    const count = total?.count ?? 0;
    const words = final ? "complete" : count ? `${count} contribution${count > 1 ? "s" : ""}` : "nothing yet";
    const numbers = final ? show(final, shape, false) : !total ? "" : total.isWhole ? show(total.array, shape, false)
      : make("span", { class: "hint" }, "some contributions are not in this page");
    const box = make("div", { class: "gradient", "data-parameter": number },
      make("h3", {}, make("span", {}, "∇ ", nameOf(number)), make("small", {}, words)), numbers);
    box.classList.toggle("changed", changed.has(number));
    return box;
  }));
}

function play() {
  if (state.position === events.length) go(0);
  find("status").setAttribute("aria-live", "off");
  find("play").textContent = "Pause";
  find("play").setAttribute("aria-label", "Pause");
  state.timer = setInterval(() => go(state.position + 1), 900);
}

function pause() {
  clearInterval(state.timer);
  state.timer = null;
  find("status").setAttribute("aria-live", "polite");
  find("play").textContent = "Play";
  find("play").setAttribute("aria-label", "Play");
}

const playOrPause = () => state.timer === null ? play() : pause();

/** Go to the next event, forwards or back, at another time step than now. */
function goToStep(direction) {
  const stepAt = position => position > 0 ? nodes[events[position - 1].node].step : undefined;
  const now = stepAt(state.position);
  let position = state.position + direction;
  while (position > 0 && position <= events.length && (stepAt(position) === undefined || stepAt(position) === now)) position += direction;
  go(position);
}

/* In words: every node as a line. */

function buildWords() {
  const groups = new Map(nodes.map(({ step }) => [step, []]));
  nodes.forEach(({ step }, number) => groups.get(step).push(number));
  const steps = [...groups.keys()].sort((one, other) => (one ?? -Infinity) - (other ?? -Infinity));
  for (const step of steps) {
    const title = step === undefined ? (steps.length > 1 ? "Outside the time steps" : "All nodes") : `Time step ${step}`;
    const details = make("details", {}, make("summary", {}, make("h3", {}, title)), make("ol", {}));
    details.numbers = groups.get(step);
    details.open = nodes.length <= 60;
    details.addEventListener("toggle", fillWords);
    find("words-body").append(details);
  }
}

/** Write the lines of what is open, once; and the adjoints that backprop has reached. */
function fillWords() {
  for (const details of find("words-body").querySelectorAll("details[open]")) {
    const list = details.querySelector("ol");
    if (!list.hasChildNodes()) list.append(...details.numbers.map(writeLine));
    for (const line of list.children) {
      const number = Number(line.dataset.node), isReached = eventOf.get(number) < state.position;
      if (isReached !== (line.children.length === 3)) {
        if (isReached) line.append(make("span", { "data-part": "adjoint" }, make("small", {}, "adjoint "), showAdjoint(number, false)));
        else line.lastChild.remove();
      }
    }
  }
}

function writeLine(number) {
  return make("li", { "data-node": number }, make("span", { class: "formula" }, ...equation(number)),
    make("span", { "data-part": "value" }, make("small", {}, "value "), showValue(number, false)));
}

/* Search */

/** Whether each word of a query is in a node's label, operation or scope, or is its time step. */
function isHit(number, words) {
  const { label = "", op, kind, scope = "", step } = nodes[number];
  const text = `${label} ${op ?? kind} ${scope}`.toLowerCase();
  return words.every(word => word === String(step) || word === `t=${step}` || text.includes(word));
}

function search() {
  const words = find("query").value.toLowerCase().split(/\s+/).filter(Boolean);
  const view = current();
  const hits = words.length ? view.order.filter(mark => isHit(view.nodeOf(mark), words)) : [];
  views.forEach(({ order }) => order.forEach(mark => mark.classList.remove("hit")));
  hits.forEach(mark => mark.classList.add("hit"));
  state.hits = hits;
  state.hit = -1;
  find("hits").textContent = words.length ? `${hits.length} hit${hits.length === 1 ? "" : "s"}` : "";
}

function nextHit() {
  if (!state.hits?.length) return;
  state.hit = (state.hit + 1) % state.hits.length;
  const mark = state.hits[state.hit];
  reveal(mark);
  attend(current().nodeOf(mark));
  find("hits").textContent = `${state.hit + 1} of ${state.hits.length}`;
}

/* Walking from mark to mark */

function focusMark(mark) {
  if (!mark) return;
  mark.focus({ preventScroll: true });
  reveal(mark);
}

function walk(mark, key) {
  const view = current();
  const number = view.nodeOf(mark), own = view.byNode.get(number), place = own.indexOf(mark);
  const nearest = next => [...reach(number, next)].find(other => other !== number && view.byNode.has(other));
  const first = other => other === undefined ? undefined : view.byNode.get(other);
  const order = view.order.indexOf(mark);
  focusMark({
    ArrowLeft: () => own[place - 1] ?? first(nearest(inputsOf))?.at(-1),
    ArrowRight: () => own[place + 1] ?? first(nearest(other => readers[other]))?.[0],
    ArrowUp: () => view.order[order - 1],
    ArrowDown: () => view.order[order + 1],
  }[key]());
}

/* Views, and the address, which holds the moment that is looked at */

function showView(number) {
  neglect();
  state.view = number;
  views.forEach((view, other) => { view.element.hidden = other !== number; });
  [...find("views").children].forEach((button, other) => button.setAttribute("aria-pressed", other === number));
  if (current().box === null) fit(true);
  search();
  colour(events[state.position - 1]);
  remember();
}

function remember() {
  const moment = new URLSearchParams({ view: current().name });
  if (events.length) moment.set("event", state.position);
  if (moment.toString() !== location.hash.slice(1)) history.replaceState(null, "", `#${moment}`);
}

function recall() {
  const moment = new URLSearchParams(location.hash.slice(1));
  const number = views.findIndex(({ name }) => name === moment.get("view"));
  const position = Number.parseInt(moment.get("event") ?? "0", 10);
  showView(Math.max(0, number));
  if (events.length) go(Number.isNaN(position) ? 0 : position);
}

/* Hands: pointer, controls and keys */

function listenToPointer() {
  let start = null;
  frame.addEventListener("pointerdown", event => { start = { x: event.clientX, y: event.clientY, box: current().box }; });
  frame.addEventListener("pointermove", event => {
    if (!start || !event.buttons) return;
    const across = event.clientX - start.x, down = event.clientY - start.y;
    if (!frame.classList.contains("dragged") && Math.hypot(across, down) < 4) return;
    frame.classList.add("dragged");
    frame.setPointerCapture(event.pointerId);
    const { x, y, width, height } = start.box;
    look({ x: x - across / frame.clientWidth * width, y: y - down / frame.clientHeight * height, width, height });
  });
  const end = () => { start = null; frame.classList.remove("dragged"); };
  frame.addEventListener("pointerup", end);
  frame.addEventListener("pointercancel", end);
  frame.addEventListener("wheel", event => {
    event.preventDefault();
    const { left, top, width, height } = frame.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY / 400), (event.clientX - left) / width, (event.clientY - top) / height);
  }, { passive: false });

  const markOf = event => event.target.closest("[data-mark]");
  const numberOf = event => markOf(event) && current().nodeOf(markOf(event));
  for (const kind of ["pointerover", "focusin"]) frame.addEventListener(kind, event => numberOf(event) != null && !frame.classList.contains("dragged") && attend(numberOf(event)));
  for (const kind of ["pointerout", "focusout"]) frame.addEventListener(kind, event => markOf(event) && neglect());
}

const onClick = (id, act) => find(id).addEventListener("click", act);

function listenToControls() {
  onClick("zoom-in", () => zoom(1.4));
  onClick("zoom-out", () => zoom(1 / 1.4));
  onClick("zoom-fit", () => fit(false));
  find("query").addEventListener("input", search);
  find("search").addEventListener("submit", event => { event.preventDefault(); nextHit(); });
  find("descendants").addEventListener("change", () => state.lighting && light(state.node));
}

function listenToPlayer() {
  onClick("first", () => go(0));
  onClick("previous", () => go(state.position - 1));
  onClick("next", () => go(state.position + 1));
  onClick("last", () => go(events.length));
  onClick("play", playOrPause);
  find("slider").addEventListener("input", () => go(Number(find("slider").value)));
  find("jump").addEventListener("change", () => go(1 + events.findIndex(({ node }) => String(nodes[node].step) === find("jump").value)));
}

const KEYS = {
  ".": () => go(state.position + 1), ",": () => go(state.position - 1),
  "]": () => goToStep(1), "[": () => goToStep(-1), p: playOrPause,
  "/": () => find("query").focus(), v: () => showView((state.view + 1) % views.length),
  d: () => find("descendants").click(),
  "+": () => zoom(1.4), "=": () => zoom(1.4), "-": () => zoom(1 / 1.4), "−": () => zoom(1 / 1.4), 0: () => fit(false),
};
const PANS = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] };

function listenToKeys() {
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = chooseAct(event.key, event.target);
    if (act) {
      event.preventDefault();
      act();
    }
  });
  for (const kind of ["keydown", "keyup"]) {
    document.addEventListener(kind, event => {
      if (event.key !== "Shift") return;
      state.shift = kind === "keydown";
      if (state.lighting) light(state.node);
    });
  }
}

/** What a key does where the focus is, if it does anything. */
function chooseAct(key, target) {
  const mark = target.closest("[data-mark]");
  if (mark && key in PANS) return () => walk(mark, key);
  if (mark && key === "Escape") return () => frame.focus();
  if (target === frame && key in PANS) return () => pan(...PANS[key]);
  if (target === frame && key === "Enter") return () => focusMark(current().byNode.get(state.node)?.at(-1) ?? current().order[0]);
  const takesLetters = target.matches('input[type="search"], select');
  if (key in KEYS && !takesLetters && find("shortcuts").checked && (events.length || !".,[]p".includes(key))) return KEYS[key];
  return null;
}

/* Start */

buildWords();
if (views.length > 1) {
  find("views").append(...views.map(({ name }, number) => {
    const button = make("button", { type: "button" }, name);
    button.addEventListener("click", () => showView(number));
    return button;
  }));
}
if (events.length) {
  find("slider").max = events.length;
  const steps = [...new Set(events.map(({ node }) => nodes[node].step))].filter(step => step !== undefined);
  find("jump").append(make("option", { value: "" }, "–"), ...steps.map(step => make("option", { value: step }, step)));
  find("jump-label").hidden = steps.length === 0;
} else {
  for (const id of ["backprop", "gradients"]) find(id).remove();
}
listenToPointer();
if (events.length) listenToPlayer();
listenToControls();
listenToKeys();
window.addEventListener("hashchange", recall);
window.addEventListener("beforeprint", () => { neglect(); state.before = current().box; look(current().whole); });
window.addEventListener("afterprint", () => look(state.before));
recall();
fillWords();
