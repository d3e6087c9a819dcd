/* Hands on the page: search, views, the address, pointer, buttons and keys. */

/* Search */

/** Whether each word of a query is in a node's label, operation or scope, or is its time step. */
function isHit(number, words) {
  const { label = "", op, kind, scope = "", step } = nodes[number];
  const text = `${label} ${op ?? kind} ${scope}`.toLowerCase();
  const time = step === undefined ? [] : [String(step), `t=${step}`, "step"];
  return words.every(word => time.includes(word) || text.includes(word));
}

/** Search among all nodes, also those that the view has no marks of: a parameter is found where it is used. */
function search() {
  const words = find("query").value.toLowerCase().split(/\s+/).filter(Boolean);
  const { byNode, order, gaps } = current();
  const atAnyMoment = number => byNode.get(number) ?? [];
  state.hits = words.length ? [...nodes.keys()].filter(number => isHit(number, words)) : [];
  state.hit = -1;
  if (words.length === 0) neglect();
  const marks = new Set(state.hits.flatMap(number => marksOf(number, atAnyMoment)));
  for (const mark of [...order, ...gaps.map(({ mark }) => mark)]) mark.classList.toggle("hit", marks.has(mark));
  find("hits").textContent = words.length ? `${state.hits.length} hit${state.hits.length === 1 ? "" : "s"}` : "";
}

function goToNextHit() {
  if (state.hits.length === 0) return;
  state.hit = (state.hit + 1) % state.hits.length;
  const number = state.hits[state.hit];
  colour(number);
  const mark = marksOf(number).at(-1);
  if (mark) reveal(mark);
  attend(number);
  find("hits").textContent = `${state.hit + 1} of ${state.hits.length}`;
}

/* Walking from mark to mark */

function focusMark(mark) {
  mark?.focus({ preventScroll: true });
  if (mark) reveal(mark);
}

/** Go from a mark along a line, or in the order of the marks. */
function walk(mark, key) {
  const { order } = current();
  const number = nodeOf(mark), own = marksAt(number), place = own.indexOf(mark);
  const around = next => number === null ? [] : [...reach(number, next)].slice(1);
  const nearest = next => around(next).map(marksAt).find(marks => marks.length);
  const steps = {
    ArrowLeft: () => own[place - 1] ?? nearest(inputsOf)?.at(-1),
    ArrowRight: () => own[place + 1] ?? nearest(readersOf)?.[0],
    ArrowUp: () => order[order.indexOf(mark) - 1],
    ArrowDown: () => order[order.indexOf(mark) + 1],
  };
  focusMark(steps[key]());
}

/** Go from the frame to its marks: to the one last looked at, or to the first. */
const enterMarks = () => focusMark(marksAt(state.node).at(-1) ?? current().order[0]);

/* Views, and the address, which holds the moment that is looked at */

function showView(number) {
  neglect();
  state.view = number;
  views.forEach(({ element }, other) => { element.hidden = other !== number; });
  [...find("views").children].forEach((button, other) => button.setAttribute("aria-pressed", other === number));
  refit();
  search();
  colour();
  remember();
}

function remember() {
  const moment = new URLSearchParams({ view: current().name });
  if (events.length) moment.set("event", state.position);
  if (moment.toString() !== location.hash.slice(1)) history.replaceState(null, "", `#${moment}`);
}

function recall() {
  const moment = new URLSearchParams(location.hash.slice(1));
  const position = Number.parseInt(moment.get("event"), 10);
  showView(Math.max(0, views.findIndex(({ name }) => name === moment.get("view"))));
  if (events.length) go(Number.isNaN(position) ? 0 : position);
}

/* Pointer */

function listenToPointer() {
  const markOf = ({ target }) => {
    const mark = target.closest("[data-mark]");
    return mark && nodeOf(mark) !== null ? mark : null;
  };
  for (const kind of ["pointerover", "focusin"]) {
    frame.addEventListener(kind, event => {
      const mark = markOf(event);
      if (mark && !frame.classList.contains("dragged")) attend(nodeOf(mark));
    });
  }
  for (const kind of ["pointerout", "focusout"]) {
    frame.addEventListener(kind, event => {
      const isLifted = event.pointerType === "touch"; // a finger leaves what it has touched, to let it be seen
      if (markOf(event) && !isLifted) neglect();
    });
  }
  frame.addEventListener("pointerdown", event => markOf(event) || neglect());
  frame.addEventListener("wheel", event => {
    if (!event.ctrlKey && !event.metaKey) return; // the page scrolls; fingers that pinch a touchpad come with Ctrl
    event.preventDefault();
    zoomAt(Math.exp(Math.max(-30, Math.min(30, -event.deltaY)) / 100), pointOf(event));
  }, { passive: false });
  listenToDragging();
}

/** Names in the text stand for their marks: pointing at one is pointing at its mark, and a click brings that into sight. */
function listenToNames() {
  const nameOver = ({ target }) => target.closest("[data-name]")?.dataset.name;
  for (const panel of ["backprop", "gradients"].map(find)) {
    panel.addEventListener("pointerover", event => nameOver(event) && attend(Number(nameOver(event))));
    panel.addEventListener("pointerout", event => nameOver(event) && neglect());
    panel.addEventListener("click", event => {
      const mark = nameOver(event) && marksOf(Number(nameOver(event))).at(-1);
      if (mark) reveal(mark);
    });
  }
}

/** The mouse or a finger moves the picture; two fingers zoom it as well. */
function listenToDragging() {
  const held = new Map(); // the point of each finger, or of the mouse, that the picture has followed it to
  frame.addEventListener("pointerdown", event => held.set(event.pointerId, pointOf(event)));
  frame.addEventListener("pointermove", event => {
    const last = held.get(event.pointerId), point = pointOf(event);
    if (!last || !event.buttons) return;
    if (!frame.classList.contains("dragged") && distance(last, point) < 4) return;
    frame.classList.add("dragged");
    frame.setPointerCapture(event.pointerId);
    const before = [...held.values()];
    held.set(event.pointerId, point);
    follow(before, [...held.values()]);
  });
  for (const kind of ["pointerup", "pointercancel"]) {
    frame.addEventListener(kind, event => {
      held.delete(event.pointerId);
      frame.classList.toggle("dragged", held.size > 0);
    });
  }
  const keepPage = event => event.touches.length > 1 && event.preventDefault(); // which one finger scrolls up and down
  frame.addEventListener("touchstart", keepPage, { passive: false });
}

/** Move the picture with what holds it, and zoom it with two fingers that move apart. */
function follow(before, now) {
  const from = middle(before), to = middle(now);
  pan((from.x - to.x) / frame.clientWidth, (from.y - to.y) / frame.clientHeight);
  if (now.length > 1) zoomAt(distance(...now) / Math.max(1, distance(...before)), to);
}

const pointOf = ({ clientX, clientY }) => ({ x: clientX, y: clientY });
const distance = (one, other) => Math.hypot(one.x - other.x, one.y - other.y);
const mean = numbers => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
const middle = points => ({ x: mean(points.map(({ x }) => x)), y: mean(points.map(({ y }) => y)) });

/** Zoom about a point of the window. */
function zoomAt(factor, { x, y }) {
  const { left, top, width, height } = frame.getBoundingClientRect();
  zoom(factor, (x - left) / width, (y - top) / height);
}

/* Controls */

const onClick = (id, act) => find(id).addEventListener("click", act);

function listenToControls() {
  onClick("zoom-in", () => zoom(1.4));
  onClick("zoom-out", () => zoom(1 / 1.4));
  onClick("zoom-fit", () => fit(false));
  find("query").addEventListener("input", search);
  find("search").addEventListener("submit", event => {
    event.preventDefault();
    goToNextHit();
  });
  find("descendants").addEventListener("change", light);
}

function listenToPlayer() {
  onClick("first", () => go(0));
  onClick("previous", () => go(state.position - 1));
  onClick("next", () => go(state.position + 1));
  onClick("last", () => go(events.length));
  onClick("play", playOrPause);
  find("speed").addEventListener("change", () => state.timer !== null && (pause(), play()));
  find("slider").addEventListener("input", () => go(Number(find("slider").value)));
  find("jump").addEventListener("change", () => go(arrivals.get(Number(find("jump").value)) ?? 0));
}

/* Keys */

const PLAYER_KEYS = {
  ".": () => go(state.position + 1), ",": () => go(state.position - 1),
  "]": () => goToStep(1), "[": () => goToStep(-1), p: playOrPause,
};
const PICTURE_KEYS = {
  "+": () => zoom(1.4), "=": () => zoom(1.4), "-": () => zoom(1 / 1.4), "−": () => zoom(1 / 1.4), 0: () => fit(false),
  "/": () => find("query").focus(), v: () => showView((state.view + 1) % views.length),
  d: () => find("descendants").click(),
};
const KEYS = events.length ? { ...PICTURE_KEYS, ...PLAYER_KEYS } : PICTURE_KEYS;
const PANS = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] };

function listenToKeys() {
  document.addEventListener("keydown", event => {
    const isCommand = event.ctrlKey || event.metaKey || event.altKey;
    const isSign = event.getModifierState("AltGraph"); // with which some keyboards write [ and ]
    const act = isCommand && !isSign ? null : chooseAct(event.key, event.target);
    if (act) {
      event.preventDefault();
      act();
    }
  });
  for (const kind of ["keydown", "keyup"]) {
    document.addEventListener(kind, event => {
      if (event.key !== "Shift") return;
      state.isShifted = kind === "keydown";
      light();
    });
  }
}

/** What a key does where the focus is, if it does anything. */
function chooseAct(key, target) {
  const mark = target.closest("[data-mark]");
  if (mark && key in PANS) return () => walk(mark, key);
  if (mark && key === "Escape") return () => frame.focus();
  if (target === frame && key in PANS) return () => pan(...PANS[key]);
  if (target === frame && key === "Enter") return enterMarks;
  const isTaken = target.matches('input[type="search"], select') || !find("shortcuts").checked;
  return isTaken ? null : KEYS[key];
}

/* Start */

function buildViews() {
  if (views.length === 1) return;
  find("views").append(...views.map(({ name }) => make("button", { type: "button" }, name)));
  const buttons = [...find("views").children];
  buttons.forEach((button, number) => button.addEventListener("click", () => showView(number)));
}

function buildPlayer() {
  find("slider").max = events.length;
  find("jump").append(make("option", { value: "" }, "–"));
  find("jump").append(...[...arrivals.keys()].map(step => make("option", { value: step }, step)));
  find("jump-label").hidden = arrivals.size === 0;
  listenToPlayer();
}

/** Take away what speaks of something that this graph has not. */
function prune() {
  const hasSteps = nodes.some(({ step }) => step !== undefined);
  const owned = { ".of-backprop": events.length > 0, ".of-views": views.length > 1, ".of-steps": hasSteps };
  for (const [selector, has] of Object.entries(owned)) {
    if (!has) document.querySelectorAll(selector).forEach(element => element.remove());
  }
}

prune();
buildViews();
buildWords();
if (events.length) {
  buildPlayer();
  buildGradients();
  listenToNames();
}
listenToPointer();
listenToControls();
listenToKeys();
window.addEventListener("hashchange", recall);
window.addEventListener("resize", refit);
window.addEventListener("beforeprint", () => {
  neglect();
  paint(current().whole);
});
window.addEventListener("afterprint", () => paint(current().box));
recall();
fillWords();
