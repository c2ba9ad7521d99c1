"use strict";
// One page for a plan and for a trace. Only the rows in sight are in the document, so that any number of them is fast.

const data = JSON.parse(document.getElementById("data").textContent);
const rows = data.rows;
const isTrace = data.kind === "trace";
const byId = (id) => document.getElementById(id);
const view = byId("view"), space = byId("space"), list = byId("rows"), tip = byId("tip"), details = byId("details");
const search = byId("search"), found = byId("found");

const ROW = 26, MARGIN = 12, DEEPEST_RAIL = 16, RAILS_OF_DEEP = 4, OPEN_DEPTH = 40, TICK_WIDTH = 90;
const SIGNS = { succeeded: "✓", failed: "✗", cancelled: "○", running: "▶" };
const QUIET_KINDS = new Set(["fiber", "named", "call", "await", "wait", "value", "function", "step", "failure"]);
const KEYS = [["↑ ↓", "move"], ["← →", "close, open"], ["/", "search"], ["Enter", "next hit"], ["e c", "open, close all"]];
if (isTrace) KEYS.push(["+ − 0", "zoom time"]);

// -- The tree ---------------------------------------------------------------------------------------------------

// Rows come outer before inner; each gets its number, its parent, and where what is inside it ends.
const outer = [];
rows.forEach((row, index) => {
  row.index = index;
  outer.length = row.depth;
  row.parent = outer[row.depth - 1] ?? null;
  outer[row.depth] = row;
  row.end = index + 1;
  row.open = row.depth < OPEN_DEPTH;
});
for (let index = rows.length - 1; index >= 0; index--) {
  const { parent, end } = rows[index];
  if (parent) parent.end = Math.max(parent.end, end);
}

let shown = [];           // the rows that are not inside a closed one, in order
let chosen = null;        // the row with the keyboard
let hits = [], hit = -1;  // the rows that were searched for, and which of them is chosen
let words = "";
let span = [0, data.seconds || 1];
let most = 6;             // how many times of the axis have room

const grouped = (count) => count.toLocaleString("en").replaceAll(",", " ");
const hasInside = (row) => row.end > row.index + 1;

function layOut() {
  shown = [];
  for (let index = 0; index < rows.length;) {
    const row = rows[index];
    row.position = shown.length;
    shown.push(row);
    index = row.open ? index + 1 : row.end;
  }
  space.style.height = `${shown.length * ROW}px`;
  draw();
}

function toggle(row, open = !row.open) {
  if (!hasInside(row) || row.open === open) return;
  row.open = open;
  if (!open && isInside(chosen, row)) chosen = row;
  layOut();
}

const isInside = (row, outer) => row && row.index > outer.index && row.index < outer.end;

function openAll(open) {
  rows.forEach((row) => { row.open = open || row.depth === 0; });
  if (!open && chosen) while (chosen.depth > 1) chosen = chosen.parent;
  layOut();
  if (chosen) reveal(chosen);
}

// -- Drawing ----------------------------------------------------------------------------------------------------

function element(tag, className, ...inside) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...inside.filter((each) => each !== null && each !== undefined));
  return made;
}

let frame = 0;
function draw() {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    const first = Math.max(0, Math.floor(view.scrollTop / ROW) - MARGIN);
    most = Math.max(1, Math.min(6, Math.floor(byId("axis-side").clientWidth / TICK_WIDTH)));
    const last = Math.min(shown.length, Math.ceil((view.scrollTop + view.clientHeight) / ROW) + MARGIN);
    place(shown.slice(first, last).map(drawRow));
    if (isTrace) drawAxis();
    view.setAttribute("aria-activedescendant", chosen ? `row-${chosen.index}` : "");
  });
}

// What stays in sight is left where it is, so that a row under the pointer survives its own click.
function place(wanted) {
  const kept = new Set(wanted);
  for (const old of [...list.children]) if (!kept.has(old)) old.remove();
  let next = list.firstChild;
  for (const each of wanted) {
    if (each === next) next = next.nextSibling;
    else list.insertBefore(each, next);
  }
}

const drawn = new WeakMap();

function drawRow(row) {
  const look = [row.open, words, span, most].join();
  let made = drawn.get(row);
  if (made?.look !== look) {
    made = element("div", `row kind-${row.kind} ${row.state ?? ""}`, drawName(row), drawSide(row));
    made.id = `row-${row.index}`;
    made.row = row;
    made.look = look;
    made.setAttribute("role", "row");
    made.setAttribute("aria-level", row.depth + 1);
    if (hasInside(row)) made.setAttribute("aria-expanded", row.open);
    made.classList.toggle("hit", Boolean(row.hit));
    made.classList.toggle("critical", Boolean(row.critical));
    made.classList.toggle("is-named", Boolean(row.named));
    drawn.set(row, made);
  }
  made.style.top = `${row.position * ROW}px`;
  made.classList.toggle("chosen", row === chosen);
  made.setAttribute("aria-selected", row === chosen);
  return made;
}

function drawName(row) {
  const isDeep = row.depth > DEEPEST_RAIL;
  const rails = [];
  for (let outer = row.parent; outer && rails.length < (isDeep ? RAILS_OF_DEEP : DEEPEST_RAIL); outer = outer.parent) {
    rails.unshift(element("span", outer.together ? "rail together" : "rail"));
  }
  if (isDeep) rails.unshift(element("span", "deep", "⋯"));
  const cell = element("div", "name", element("span", "number", String(row.number ?? "")), ...rails);
  cell.append(
    element("span", "toggle", hasInside(row) ? (row.open ? "▼" : "▶") : ""),
    element("span", "mark", SIGNS[row.state] ?? ""),
  );
  if (row.role) cell.append(element("span", "role", row.role));
  cell.append(element("span", "label", ...marked(row.label)));
  if (row.opaque) cell.append(element("span", "unknown", "→ ?"));
  if (!row.open && hasInside(row)) cell.append(element("span", "unknown", `+${grouped(row.end - row.index - 1)}`));
  if (!QUIET_KINDS.has(row.kind)) cell.append(element("span", "pill", row.kind));
  cell.setAttribute("role", "gridcell");
  return cell;
}

function marked(text) {
  const at = words ? text.toLowerCase().indexOf(words) : -1;
  if (at < 0) return [text];
  return [text.slice(0, at), element("mark", "", text.slice(at, at + words.length)), text.slice(at + words.length)];
}

function drawSide(row) {
  const side = element("div", "side");
  side.setAttribute("role", "gridcell");
  if (!isTrace) {
    side.textContent = row.source ?? "";
    return side;
  }
  const track = element("div", "track", ...ticks().map((time) => at(element("div", "grid"), time)));
  side.append(track);
  const end = row.end_time ?? data.seconds;
  if (end < span[0] || row.start > span[1]) return side;
  const bar = element("div", "bar");
  bar.style.width = `${percent(end) - percent(row.start)}%`;
  for (const [from, to] of row.waits ?? []) {
    const wait = element("i", "");
    const length = end - row.start || 1;
    wait.style.left = `${((from - row.start) / length) * 100}%`;
    wait.style.width = `${(((to ?? end) - from) / length) * 100}%`;
    bar.append(wait);
  }
  track.append(at(bar, row.start), at(element("span", "length", lengthOf(row, end)), Math.min(end, span[1])));
  return side;
}

const lengthOf = (row, end) => seconds(end - row.start) + (row.late ? ` · late by ${seconds(row.late)}` : "");

const percent = (time) => ((time - span[0]) / (span[1] - span[0])) * 100;

function at(made, time) {
  made.style.left = `${percent(time)}%`;
  return made;
}

function seconds(time) {
  if (time === 0) return "0 s";
  if (time >= 120) return `${(time / 60).toFixed(1)} min`;
  if (time >= 1) return `${+time.toPrecision(3)} s`;
  if (time >= 1e-3) return `${+(time * 1e3).toPrecision(3)} ms`;
  return `${+(time * 1e6).toPrecision(3)} µs`;
}

function ticks() {
  const rough = (span[1] - span[0]) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((size) => size >= rough);
  const times = [];
  for (let count = Math.ceil(span[0] / step); count * step < span[1]; count++) times.push(count * step);
  return times;
}

function drawAxis() {
  const labels = ticks().map((time) => at(element("span", "tick", seconds(time)), time));
  byId("axis-side").replaceChildren(element("div", "track", ...labels));
}

// -- What is known about a row ----------------------------------------------------------------------------------

function facts(row) {
  const known = [];
  if (row.state) known.push(["state", `${SIGNS[row.state]} ${row.state}`]);
  if (row.start !== undefined) {
    const end = row.end_time ?? data.seconds;
    known.push(["time", `${seconds(row.start)} → ${row.end_time === undefined ? "still running" : seconds(end)} (${seconds(end - row.start)})`]);
  }
  if (row.critical) known.push(["critical path", "the whole is shorter if this is"]);
  if (row.late) known.push(["late", `ended with a value ${seconds(row.late)} after its deadline`]);
  if (row.error) known.push(["error", row.error]);
  if (row.cancel) known.push(["cancelled", row.cancel]);
  const waits = row.waits ?? [];
  for (const [from, to, reason] of waits.slice(0, 6)) {
    known.push(["waited for", `${reason}, ${to === null ? "until now" : seconds(to - from)}, from ${seconds(from)}`]);
  }
  if (waits.length > 6) known.push(["", `and ${waits.length - 6} more waits`]);
  if (!isTrace) known.push(["kind", row.kind]);
  if (row.depth > DEEPEST_RAIL) known.push(["depth", grouped(row.depth)]);
  if (row.on_error) known.push(["error inside", row.on_error]);
  for (const name of ["path", "source", "means"]) if (row[name]) known.push([name, row[name]]);
  return known;
}

function described(row) {
  const made = element("dl", "facts");
  for (const [name, value] of facts(row)) made.append(element("dt", "", name), element("dd", "", value));
  return [element("div", "title", row.label), made];
}

function showDetails() {
  if (chosen) details.replaceChildren(...described(chosen));
  else details.replaceChildren(element("div", "keys", ...KEYS.flatMap(([key, use]) => [element("b", "", key), use])));
}

function showTip(event) {
  const row = event.target.closest?.(".row")?.row;
  tip.hidden = !row || facts(row).length === 0;
  if (tip.hidden) return;
  tip.replaceChildren(...described(row));
  const { width, height } = tip.getBoundingClientRect();
  const below = event.clientY + 18 + height < innerHeight;
  tip.style.left = `${Math.max(6, Math.min(event.clientX + 14, innerWidth - width - 8))}px`;
  tip.style.top = `${below ? event.clientY + 18 : Math.max(6, event.clientY - height - 12)}px`;
}

// -- Choosing and searching -------------------------------------------------------------------------------------

function choose(row) {
  chosen = row;
  for (let outer = row.parent, changed = false; outer || changed; outer = outer.parent) {
    if (!outer) { layOut(); break; }
    if (!outer.open) { outer.open = true; changed = true; }
  }
  reveal(row);
  showDetails();
  draw();
}

function reveal(row) {
  const top = row.position * ROW, visible = view.clientHeight - ROW;
  if (top < view.scrollTop) view.scrollTop = top;
  else if (top + ROW > view.scrollTop + visible) view.scrollTop = top + ROW - visible;
}

const searched = (row) => [row.label, row.role, row.path, row.source, row.error, row.cancel, ...(row.waits ?? []).map((wait) => wait[2])];

function lookFor(text) {
  words = text.trim().toLowerCase();
  hits = [];
  for (const row of rows) {
    row.hit = words !== "" && searched(row).some((each) => each && each.toLowerCase().includes(words));
    if (row.hit) hits.push(row);
  }
  hit = -1;
  if (hits.length) step(1);
  else draw();
  countHits();
}

function step(by) {
  if (!hits.length) return;
  hit = (hit + by + hits.length) % hits.length;
  choose(hits[hit]);
  countHits();
}

function countHits() {
  found.textContent = words ? (hits.length ? `${hit + 1}/${hits.length}` : "none") : "";
  found.className = words && !hits.length ? "none" : "";
}

function nextOf(state) {
  const start = chosen ? chosen.index + 1 : 0;
  for (let count = 0; count < rows.length; count++) {
    const row = rows[(start + count) % rows.length];
    if (row.state === state) return choose(row);
  }
}

// -- Time -------------------------------------------------------------------------------------------------------

function zoom(factor, around = (span[0] + span[1]) / 2) {
  const whole = data.seconds || 1;
  const length = Math.min(whole, Math.max(whole / 1e6, (span[1] - span[0]) * factor));
  const share = (around - span[0]) / (span[1] - span[0]);
  const start = Math.max(0, Math.min(whole - length, around - share * length));
  span = [start, start + length];
  draw();
}

// -- Hands ------------------------------------------------------------------------------------------------------

const actions = {
  expand: () => openAll(true),
  collapse: () => openAll(false),
  "zoom-in": () => zoom(0.5),
  "zoom-out": () => zoom(2),
  "zoom-all": () => zoom(Infinity),
};

const keys = {
  ArrowDown: () => choose(shown[Math.min(shown.length - 1, (chosen?.position ?? -1) + 1)]),
  ArrowUp: () => choose(shown[Math.max(0, (chosen?.position ?? 0) - 1)]),
  PageDown: () => choose(shown[Math.min(shown.length - 1, (chosen?.position ?? 0) + pageful())]),
  PageUp: () => choose(shown[Math.max(0, (chosen?.position ?? 0) - pageful())]),
  Home: () => choose(shown[0]),
  End: () => choose(shown[shown.length - 1]),
  ArrowRight: () => chosen && (hasInside(chosen) && !chosen.open ? toggle(chosen, true) : hasInside(chosen) && choose(rows[chosen.index + 1])),
  ArrowLeft: () => chosen && (hasInside(chosen) && chosen.open ? toggle(chosen, false) : chosen.parent && choose(chosen.parent)),
  Enter: () => (hits.length ? step(1) : chosen && toggle(chosen)),
  " ": () => chosen && toggle(chosen),
  n: () => step(1),
  N: () => step(-1),
  e: actions.expand,
  c: actions.collapse,
  "+": actions["zoom-in"],
  "-": actions["zoom-out"],
  0: actions["zoom-all"],
  Escape: () => { chosen = null; search.value = ""; lookFor(""); showDetails(); },
};

const pageful = () => Math.max(1, Math.floor(view.clientHeight / ROW) - 2);

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target === search) {
    if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
    else if (event.key === "Escape") { keys.Escape(); view.focus(); }
    else if (event.key === "ArrowDown") view.focus();
    else return;
  } else if (event.key === "/") search.focus();
  else if (keys[event.key] && !(event.target.tagName === "BUTTON" && "Enter ".includes(event.key)) && rows.length) keys[event.key]();
  else return;
  event.preventDefault();
});

list.addEventListener("click", (event) => {
  const row = event.target.closest(".row")?.row;
  if (!row) return;
  if (event.target.closest(".toggle")) toggle(row);
  choose(row);
});
list.addEventListener("dblclick", (event) => toggle(event.target.closest(".row").row));
list.addEventListener("pointermove", showTip);
list.addEventListener("pointerleave", () => { tip.hidden = true; });
view.addEventListener("scroll", () => { tip.hidden = true; draw(); });
view.addEventListener("wheel", (event) => {
  if (!isTrace || !(event.ctrlKey || event.metaKey || event.shiftKey)) return;
  event.preventDefault();
  const side = byId("axis-side").firstChild.getBoundingClientRect();
  const time = span[0] + ((event.clientX - side.left) / side.width) * (span[1] - span[0]);
  if (event.shiftKey) {
    const by = ((event.deltaX || event.deltaY) / side.width) * (span[1] - span[0]);
    const start = Math.max(0, Math.min((data.seconds || 1) - (span[1] - span[0]), span[0] + by));
    span = [start, start + span[1] - span[0]];
    draw();
  } else zoom(event.deltaY > 0 ? 1.25 : 0.8, time);
}, { passive: false });
search.addEventListener("input", () => lookFor(search.value));
document.querySelectorAll("[data-do]").forEach((button) => button.addEventListener("click", actions[button.dataset.do]));
addEventListener("resize", draw);

const handle = element("div", "");
handle.id = "handle";
handle.addEventListener("pointerdown", (event) => {
  handle.setPointerCapture(event.pointerId);
  handle.onpointermove = (move) => {
    const share = Math.max(15, Math.min(85, (move.clientX / view.clientWidth) * 100));
    document.documentElement.style.setProperty("--split", `${share}%`);
  };
});
handle.addEventListener("pointerup", () => { handle.onpointermove = null; });

// -- Begin ------------------------------------------------------------------------------------------------------

document.documentElement.style.setProperty("--digits", `${String(rows.length).length}ch`);
byId("summary").textContent = data.summary;
byId("axis-name").append(isTrace ? "what ran" : "steps", handle);
if (isTrace) {
  byId("zoom").hidden = false;
  for (const [state, sign] of Object.entries(SIGNS)) {
    const count = rows.filter((row) => row.state === state).length;
    if (!count) continue;
    const button = element("button", state, element("b", "sign", sign), `${state} `, element("span", "", grouped(count)));
    button.title = `Go to the next one that is ${state}`;
    button.addEventListener("click", () => nextOf(state));
    byId("legend").append(button);
  }
} else byId("axis-side").textContent = "written at";
showDetails();
layOut();
