// The page: reads what it holds, keeps the state, and draws it anew at each change, at most once a frame.

import { compute } from "./computing.js";
import { makeControls } from "./controls.js";
import { readModel } from "./model.js";
import { download, pngOf, wholeDrawing } from "./saving.js";
import { addressOf, lastPosition, stateOf } from "./state.js";
import { makeSwitches } from "./switches.js";
import { makeTask } from "./tasks.js";
import { attentionView } from "./views/attention.js";
import { contributionsView } from "./views/contributions.js";
import { errorsView } from "./views/errors.js";
import { layersView } from "./views/layers.js";
import { sentence, sequenceView } from "./views/sequence.js";

const element = (id) => document.getElementById(id);
const manifest = JSON.parse(element("manifest").textContent),
  task = makeTask(manifest);
const WAIT = 250; // ms of rest before the address follows: browsers limit how often it may change
const TITLE = `Recurrence Circuits explorer: ${manifest.experiment}`;

// ---- models ---------------------------------------------------------------------------------------------------------

const models = new Map();
const read = new Promise((resolve) => {
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", resolve);
  else resolve();
});

// The model of a state, or null while its block is not read yet; then the page is drawn again when it is. The first
// block stands before this code; another may be there in part while the page is read.
function modelOf({ seed, model }) {
  const id = `seed${seed}-${model}`;
  if (!models.has(id)) {
    const first = `seed${manifest.models[0].seed}-${manifest.models[0].kind}`;
    if (document.readyState === "loading" && id !== first) {
      read.then(redraw);
      return null;
    }
    const block = element(id);
    if (!block) {
      refuse(`weights of ${id}: expected them on this page, found none. The file is cut: copy it again.`);
      return null;
    }
    const bytes = Uint8Array.from(atob(block.textContent), (character) => character.charCodeAt(0));
    models.set(id, readModel(manifest, new Float32Array(bytes.buffer)));
  }
  return models.get(id);
}

// ---- state ----------------------------------------------------------------------------------------------------------

let state,
  result,
  waiting = 0,
  resting = 0;

function set(changes) {
  state = { ...state, ...changes };
  state.position = Math.min(state.position, lastPosition(manifest, state));
  refuse("");
  clearTimeout(resting);
  resting = setTimeout(tellAddress, WAIT);
  redraw();
}

function tellAddress() {
  history.replaceState(null, "", `#${addressOf(state, manifest.data.dimension)}`);
}

function readAddress() {
  const found = stateOf(location.hash.slice(1), manifest, task);
  state = found.state;
  refuse(found.refused.join(" "));
  redraw();
}

function refuse(message) {
  element("refusal").textContent = message;
}

function tip(event, text) {
  const box = element("tip");
  box.hidden = !event;
  if (!event) return;
  box.textContent = text;
  const width = box.offsetWidth,
    left = Math.min(event.clientX + 14, document.documentElement.clientWidth - width - 4);
  box.style.left = `${Math.max(4, left)}px`;
  box.style.top = `${event.clientY + 16}px`;
}

// ---- drawing --------------------------------------------------------------------------------------------------------

function redraw() {
  waiting ||= requestAnimationFrame(draw);
}

const act = { set, redraw, refuse, tip, state: () => state };
const panels = ["sequence", "errors", "attention", "contributions", "layers"].map(element);
const makers = [sequenceView, errorsView, attentionView, contributionsView, layersView];
const views = makers.map((make, i) => make(panels[i].querySelector(".drawing"), manifest.palette, act));
const showControls = makeControls(manifest, task, act),
  showSwitches = makeSwitches(manifest, act);

function draw() {
  waiting = 0;
  const model = modelOf(state);
  element("reading").hidden = model !== null || document.readyState !== "loading";
  for (const id of ["save-svg", "save-png"]) element(id).disabled = model === null;
  if (!model) return;
  result = compute(state, manifest, task, model, result);
  showControls(state, result);
  showSwitches(state);
  views.forEach((view) => view.draw(state, result, manifest));
  element("sentence").textContent = sentence(state, result);
  document.body.classList.toggle("changed", result.replaced !== null);
  if (!performance.getEntriesByName("drawn").length) performance.mark("drawn");
}

// ---- saving ---------------------------------------------------------------------------------------------------------

function settings() {
  const { experiment, task: name, data, model } = manifest;
  return { experiment, task: name, data, model, state, address: `#${addressOf(state, manifest.data.dimension)}` };
}

// Measured without the panel that stays in sight while the page is scrolled.
function drawingOfAll() {
  document.body.classList.add("saving");
  try {
    return wholeDrawing(panels, TITLE, settings());
  } finally {
    document.body.classList.remove("saving");
  }
}

const file = (kind) => `explorer-${manifest.experiment}-seed${state.seed}-${state.model}.${kind}`;

element("save-svg").addEventListener("click", () => {
  download(drawingOfAll().text, "image/svg+xml", file("svg"));
});
element("save-png").addEventListener("click", async () => {
  const drawing = drawingOfAll();
  try {
    download(await pngOf(drawing, settings()), "image/png", file("png"));
  } catch {
    const size = `${Math.round(drawing.width)} × ${Math.round(drawing.height)} pixels`;
    refuse(`PNG: expected a drawing that this browser can hold, found one of ${size}. Save the SVG.`);
  }
});
element("copy-link").addEventListener("click", async () => {
  tellAddress();
  const told = element("copied");
  try {
    await navigator.clipboard.writeText(location.href);
    told.textContent = "Copied.";
  } catch {
    told.textContent = "The link is this page's address.";
  }
  setTimeout(() => {
    told.textContent = "";
  }, 3000);
});

window.addEventListener("hashchange", readAddress);
// For the browser's console, and the tests: what the page shows, and a way to change it.
window.explorer = { manifest, task, set, state: () => state, result: () => result };
readAddress();
