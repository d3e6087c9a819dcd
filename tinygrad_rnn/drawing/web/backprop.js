/* Backprop, one event after the other: what a node hands on, and what the parameters have received. */

function go(position) {
  state.position = Math.min(events.length, Math.max(0, position));
  const event = events[state.position - 1];
  find("slider").value = state.position;
  find("slider").setAttribute("aria-valuetext", event ? describe(event.node) : "before backprop");
  find("count").textContent = `${state.position} of ${events.length}`;
  find("jump").value = (event && nodes[event.node].step) ?? "";
  if (state.position === events.length) pause();
  colour();
  showEvent(event);
  showGradients(event);
  showNote();
  fillWords();
  remember();
}

/** For each time step where backprop comes to it: of several times that at which it stays there the longest. */
function findArrivals() {
  const stays = new Map();
  let position = 0;
  events.forEach(({ node }, number) => {
    const step = nodes[node].step;
    if (number === 0 || step !== nodes[events[number - 1].node].step) position = number + 1;
    const length = number + 2 - position;
    if (step !== undefined && length > (stays.get(step)?.length ?? 0)) stays.set(step, { position, length });
  });
  return new Map([...stays].map(([step, { position }]) => [step, position]).sort((one, other) => one[1] - other[1]));
}

const arrivals = findArrivals();

/** Go to the next event, forwards or back, at another time step than now. */
function goToStep(direction) {
  const stepAt = position => position > 0 ? nodes[events[position - 1].node].step : undefined;
  const isElsewhere = position => ![undefined, stepAt(state.position)].includes(stepAt(position));
  let position = state.position + direction;
  while (position > 0 && position <= events.length && !isElsewhere(position)) position += direction;
  go(position);
}

function play() {
  if (state.position === events.length) go(0);
  state.timer = setInterval(() => go(state.position + 1), 900 / Number(find("speed").value));
  showPlaying("Pause", "off"); // a voice could not keep up
}

function pause() {
  clearInterval(state.timer);
  state.timer = null;
  showPlaying("Play", "polite");
}

function showPlaying(word, politeness) {
  find("play").textContent = word;
  find("play").setAttribute("aria-label", word);
  find("status").setAttribute("aria-live", politeness);
}

const playOrPause = () => state.timer === null ? play() : pause();

/* The event */

function showEvent(event) {
  if (!event) {
    find("status").replaceChildren(
      "Nothing has happened yet. Backprop starts at ", nameOf(record.output), ", whose adjoint is 1.");
    find("event").replaceChildren();
    return;
  }
  const { op, step, shape, inputs } = nodes[event.node];
  const where = step === undefined ? "" : `, time step ${step}`;
  find("status").replaceChildren(`Event ${state.position}${where}: `, ...equation(event.node), ".");
  const derivative = [" = ∂", nameOf(record.output), " / ∂", nameOf(event.node), " = "];
  const adjoint = make("div", { class: "adjoint", "data-part": "adjoint" },
    make("span", { class: "formula" }, barOf(event.node), ...derivative),
    event.adjoint ? show(event.adjoint, shape) : leftOut());
  const handedOn = op ? inputs.map((_, operand) => showContribution(event, operand))
    : [make("p", {}, "A parameter hands nothing on. All that it received is summed up, and that is its gradient.")];
  find("event").replaceChildren(adjoint, ...handedOn);
}

/** Whether an operand receives anything, even if the numbers are not in this page. */
const isNeeded = (event, operand) => event.needed ? event.needed[operand] : event.contributions[operand] !== null;

/** What one operand receives: the rule in symbols, and the same with numbers. */
function showContribution(event, operand) {
  const { inputs, formula, shape } = nodes[event.node];
  const { rules, broadcasts } = operations[formula];
  const source = inputs[operand];
  const box = make("div", { class: "contribution", "data-operand": operand });
  if (!isNeeded(event, operand)) {
    box.append(make("p", { class: "hint" }, nameOf(source), " needs no gradient."));
    return box;
  }
  const letters = new Map([["x", source], ...lettersOf(event.node)]);
  const rule = signed(rules[operand] ?? rules[0], letters);
  const inSymbols = letter => {
    if (letter === "ȳ") return barOf(event.node);
    return letters.has(letter) ? nameOf(letters.get(letter)) : italic(letter);
  };
  const inNumbers = letter => {
    if (letter === "ȳ") return bracket(show(event.adjoint, shape), rule);
    return letters.has(letter) ? bracket(showValue(letters.get(letter)), rule) : null;
  };
  const isRepeated = broadcasts && nodes[source].shape.join() !== shape.join();
  const summed = isRepeated ? ", summed over what was repeated" : "";
  box.append(make("p", { class: "formula" }, nameOf(source), " receives ", ...write(rule, inSymbols), summed));
  if (event.contributions) {
    const given = show(event.contributions[operand], nodes[source].shape);
    const result = make("span", { "data-part": "contribution" }, given);
    const worked = make("div", { class: "worked" }, ...write(rule, inNumbers));
    if (!worked.querySelector("[data-value], .hint")) worked.replaceChildren(); // in words alone
    worked.append(make("span", {}, "="), result);
    box.append(worked);
  } else {
    box.append(leftOut());
  }
  return box;
}

/** A single number as a term of a rule: in brackets where its sign or its power of ten could be taken for the rule's. */
function bracket(piece, rule) {
  const isOdd = piece.matches(".number") && /^−|·/.test(piece.textContent) && /[−+×⊙/²^]/.test(rule);
  return isOdd ? make("span", {}, "(", piece, ")") : piece;
}

/* The gradients of the parameters, summed up from what they have received. */

const sums = { position: 0, totals: new Map() };

/** Add what the events up to the position contribute; anew if that lies before what was summed. */
function sumUp() {
  if (sums.position > state.position) Object.assign(sums, { position: 0, totals: new Map() });
  for (; sums.position < state.position; sums.position++) {
    const event = events[sums.position];
    (nodes[event.node].inputs ?? []).forEach((source, operand) => {
      const isParameter = nodes[source].kind === "parameter";
      if (isParameter && isNeeded(event, operand)) receive(source, event.contributions?.[operand]);
    });
  }
}

function receive(number, given) {
  const { count, isWhole, array } = sums.totals.get(number) ?? { count: 0, isWhole: true, array: null };
  sums.totals.set(number, { count: count + 1, isWhole: isWhole && given !== undefined, array: add(array, given) });
}

/** The sum of what was received and what is given; of a sum of large arrays the norm is not known. */
function add(total, given) {
  if (!given) return total;
  const { rows, columns } = given;
  const entries = given.entries.map((number, place) => Number(number) + (total ? Number(total.entries[place]) : 0));
  return { rows, columns, entries };
}

function buildGradients() {
  find("gradients-body").append(...parameters.map(number => {
    const heading = make("h3", {}, make("span", {}, "∇ ", nameOf(number)), make("small", {}));
    return make("div", { class: "gradient", "data-parameter": number }, heading, make("div", {}));
  }));
}

/** Write anew what has changed, and bring into sight what the event changes. */
function showGradients(event) {
  sumUp();
  const changed = event ? [event.node, ...inputsOf(event.node)] : [];
  for (const box of find("gradients-body").children) {
    const number = Number(box.dataset.parameter);
    const words = box.querySelector("small"), known = gradientWords(number);
    if (words.textContent !== known) {
      words.textContent = known;
      box.lastChild.replaceChildren(gradientNumbers(number));
    }
    box.classList.toggle("changed", changed.includes(number));
  }
  bringInto(find("gradients-body"), find("gradients-body").querySelector(".changed"));
}

/** Scroll a box, and nothing around it, so far that a part of it is seen. */
function bringInto(box, part) {
  if (!part) return;
  const above = box.getBoundingClientRect().top - part.getBoundingClientRect().top;
  const below = part.getBoundingClientRect().bottom - box.getBoundingClientRect().bottom;
  if (above > 0 || below > 0) box.scrollTop -= above;
}

/** Whether a parameter's own event has happened, with its numbers in this page. */
function isComplete(number) {
  const order = eventOf.get(number) ?? Infinity;
  return order < state.position && events[order].adjoint !== undefined;
}

/** How far a parameter's gradient is. */
function gradientWords(number) {
  if (isComplete(number)) return "complete";
  const count = sums.totals.get(number)?.count;
  return count === undefined ? "nothing yet" : count === 1 ? "1 contribution" : `${count} contributions`;
}

function gradientNumbers(number) {
  const { shape } = nodes[number];
  if (isComplete(number)) return show(events[eventOf.get(number)].adjoint, shape, false);
  const total = sums.totals.get(number);
  if (!total) return "";
  return total.isWhole ? show(total.array, shape, false) : hint("some contributions are not in this page");
}

/* In words: every node as a line. */

const FEW = 60; // nodes, whose lines are all there from the beginning

function buildWords() {
  const groups = new Map(nodes.map(({ step }) => [step, []]));
  nodes.forEach(({ step }, number) => groups.get(step).push(number));
  const steps = [...groups.keys()].sort((one, other) => (one ?? -Infinity) - (other ?? -Infinity));
  for (const step of steps) {
    const title = step !== undefined ? `Time step ${step}` : steps.length > 1 ? "Outside the time steps" : "All nodes";
    const details = make("details", {}, make("summary", {}, make("h3", {}, title)), make("ol", {}));
    details.numbers = groups.get(step);
    details.open = nodes.length <= FEW;
    details.addEventListener("toggle", fillWords);
    find("words-body").append(details);
  }
}

/** Write the lines of what is open, once; and the adjoints that backprop has reached. */
function fillWords() {
  for (const details of find("words-body").querySelectorAll("details[open]")) {
    const lines = details.querySelector("ol");
    if (!lines.hasChildNodes()) lines.append(...details.numbers.map(writeLine));
    for (const line of lines.children) {
      const number = Number(line.dataset.node);
      const isReached = eventOf.get(number) < state.position, isShown = line.children.length === 3;
      if (isReached && !isShown) line.append(quantity("adjoint", showAdjoint(number, false)));
      if (isShown && !isReached) line.lastChild.remove();
    }
  }
}

function writeLine(number) {
  const formula = make("span", { class: "formula" }, ...equation(number));
  return make("li", { "data-node": number }, formula, quantity("value", showValue(number, false)));
}

const quantity = (name, numbers) => make("span", { "data-part": name }, make("small", {}, `${name} `), numbers);
