"use strict";

/* The graph as the page holds it, and its names, formulas and numbers as elements. */

const record = JSON.parse(document.getElementById("record").textContent);
const { nodes, events, operations, parameters } = record;

/** What is looked at, and how far backprop has come: `position` events have happened. */
const state = {
  view: 0, position: 0, node: null, isLighting: false, isShifted: false, hits: [], hit: -1, timer: null,
};

/* Who reads whom, and when backprop comes to each node. */

const eventOf = new Map(events.map((event, order) => [event.node, order]));
const inputsOf = number => (nodes[number].inputs ?? []).filter(source => source !== null);
const readers = nodes.map(() => []);
nodes.forEach((_, number) => inputsOf(number).forEach(source => readers[source].push(number)));
const readersOf = number => readers[number];

/** A node, and all that `next` leads to: by `inputsOf` its ancestors, by `readersOf` its descendants; nearest first. */
function reach(number, next) {
  const found = new Set([number]);
  for (const member of found) next(member).forEach(other => found.add(other));
  return found;
}

/* Elements. Whatever comes from the graph becomes text here, never markup. */

const find = id => document.getElementById(id);

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const hint = words => make("span", { class: "hint" }, words);

/* Names */

/** A node's name as it stands in the picture; a node without a label is v with its number. */
function nameOf(number) {
  const runs = number === null ? [["…", "upright", "base"]]
    : nodes[number].name ?? [["v", "italic", "base"], [String(number), "upright", "sub"]];
  return make("span", number === null ? { class: "name" } : { class: "name", "data-name": number }, ...runs.map(typeset));
}

function typeset([text, style, script]) {
  const letters = make(style === "italic" ? "i" : "span", { class: style }, text);
  return script === "base" ? letters : make(script, {}, letters);
}

/** Names with commas between them. */
const list = numbers => numbers.flatMap((number, place) => place ? [", ", nameOf(number)] : [nameOf(number)]);

/** The text of what is typeset, with ^ before what is raised. */
function textOf(piece) {
  if (!piece.childNodes?.length) return piece.textContent ?? piece;
  const text = [...piece.childNodes].map(textOf).join("");
  if (piece.tagName !== "SUP") return text;
  return text.includes(" ") ? `^(${text})` : `^${text}`;
}

/** A node's name with a bar over it: the name of its adjoint. The bar is not read aloud, so it is put in words. */
function barOf(number) {
  const name = nameOf(number);
  name.setAttribute("role", "img");
  name.setAttribute("aria-label", `adjoint of ${textOf(name)}`);
  name.querySelectorAll(":scope > :not(sub, sup)").forEach(part => part.classList.add("overlined"));
  return name;
}

/* Formulas */

const TOKEN = /\^\((?<exponent>[^)]*)\)|(?<![A-Za-z])(?<letter>ȳ|Ū|[A-Za-z]\u0304?)(?<mark>(?:[²ᵀ⁺]|⁻¹|⁻ᵀ)?)(?![A-Za-z])/gu;

const EXPONENTS = { "²": "2", "ᵀ": "T", "⁺": "+", "⁻¹": "−1", "⁻ᵀ": "−T" };

/** A formula, with each letter as what `letters` makes of it, if anything, and marks such as ² and ᵀ as its exponents. */
function write(formula, letters) {
  const pieces = [];
  let end = 0;
  for (const token of formula.matchAll(TOKEN)) {
    const { exponent, letter, mark } = token.groups;
    pieces.push(formula.slice(end, token.index));
    end = token.index + token[0].length;
    if (exponent !== undefined) {
      pieces.push(make("sup", {}, ...write(exponent, letters)));
    } else {
      const piece = letters(letter) ?? letter;
      pieces.push(mark ? make("span", { class: "power" }, piece, make("sup", {}, EXPONENTS[mark])) : piece);
    }
  }
  return [...pieces, formula.slice(end)].filter(piece => piece !== "");
}

/** A letter of a formula that stands for no node. */
const italic = letter => make("i", {}, letter);

/** A formula with the sign × in place of ⊙ where a letter beside it stands for a single number, as in the picture. */
function signed(formula, letters) {
  const isSingle = word => nodes[letters.get(word.replace("−", "").replace("ȳ", "y"))]?.shape.length === 0;
  const sign = (usual, left, right) => isSingle(left) || isSingle(right) ? "×" : usual;
  return formula.replace(/(?<=(\S+) )⊙(?= (\S+))/gu, sign);
}

/** The node that each letter of an operation's formulas stands for; y is its result. */
function lettersOf(number) {
  const { inputs, formula } = nodes[number];
  return new Map([["y", number], ...[...operations[formula].operands].map((letter, k) => [letter, inputs[k]])]);
}

/** What a node computes: tanh(a_3). */
function computation(number) {
  const { op, formula, inputs, kind } = nodes[number];
  if (kind) return [make("span", { class: "kind" }, kind)];
  const { operands, value } = operations[formula];
  if (!operands) return [`${value === formula ? op : value}(`, ...list(inputs), ")"];
  const letters = lettersOf(number);
  return write(signed(value, letters), letter => letters.has(letter) ? nameOf(letters.get(letter)) : italic(letter));
}

/** What a node is: h_3 = tanh(a_3). */
const equation = number => [nameOf(number), nodes[number].kind ? ", " : " = ", ...computation(number)];

/** The same as plain text. */
function describe(number) {
  const { step } = nodes[number];
  const words = equation(number).map(textOf).join("");
  return step === undefined ? words : `${words}, time step ${step}`;
}

/* Numbers. Each shows about four digits, and holds all of them in `data-value`. */

function short(number) {
  if (!Number.isFinite(number)) return String(number).replace("-", "−").replace("Infinity", "∞");
  const size = Math.abs(number);
  if (size === 0 || (size >= 1e-3 && size < 1e5)) return String(Number(number.toPrecision(4))).replace("-", "−");
  const [mantissa, exponent] = number.toExponential(2).replace(/^-/, "−").split("e");
  return `${mantissa}·10${exponent.replace("+", "").replace(/./g, sign => "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign] ?? "⁻")}`;
}

const showNumber = (tag, number) => make(tag, { "data-value": number, title: number }, short(number));

/** A number in a heat map: deeper, the nearer it is to the largest. */
function showCell(number, largest) {
  const cell = showNumber("td", number);
  if (!Number.isFinite(number)) {
    cell.className = "not-finite";
  } else if (number !== 0) {
    cell.className = number > 0 ? "positive" : "negative";
    cell.style.setProperty("--depth", `${Math.round(12 + 58 * Math.abs(number) / largest)}%`);
  }
  return cell;
}

/** How many rows and columns an array is laid out in; a short vector may stand upright, as in formulas. */
function layOut(array, shape, upright) {
  if (array.rows) return [array.rows.length, array.columns.length];
  if (shape.length === 1) return upright && shape[0] <= 8 ? [shape[0], 1] : [1, shape[0]];
  return [array.entries.length / shape.at(-1), shape.at(-1)];
}

/** An array as a heat map of its numbers; a number without axes as itself. */
function show(array, shape, upright = true) {
  const entries = array.entries.map(Number);
  if (shape.length === 0) {
    const number = showNumber("span", entries[0]);
    number.className = "number";
    return number;
  }
  if (entries.length === 0) return hint(`no numbers (${shape.join("×")})`);
  const [rows, columns] = layOut(array, shape, upright);
  const largest = Math.max(...entries.filter(Number.isFinite).map(Math.abs));
  const cells = entries.map(number => showCell(number, largest));
  const table = make("table", {});
  for (let row = 0; row < rows; row++) {
    table.append(make("tr", {}, ...cells.slice(row * columns, (row + 1) * columns)));
  }
  const box = make("span", { class: rows * columns > 64 ? "numbers dense" : "numbers" }, table);
  if (array.rows) box.append(make("small", {}, summary(array, shape)));
  return box;
}

/** What is known of an array of which only some rows and columns are here. */
function summary({ entries, least, largest, norm }, shape) {
  const some = `${entries.length} of ${shape.join("×")} entries`;
  if (norm === undefined) return some;
  return `${some}; all between ${short(Number(least))} and ${short(Number(largest))}, norm ${short(Number(norm))}`;
}

const shapeOf = number => nodes[number].shape.join(" × ");

const leftOut = () => hint("(not in this page)");

function showValue(number, upright) {
  const { value, shape } = nodes[number];
  return value ? show(value, shape, upright) : leftOut();
}

function showAdjoint(number, upright) {
  const order = eventOf.get(number);
  if (order === undefined) return hint("none: no gradient is asked for");
  if (order >= state.position) return hint("not reached yet");
  const { adjoint } = events[order];
  return adjoint ? show(adjoint, nodes[number].shape, upright) : leftOut();
}
