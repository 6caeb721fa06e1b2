// The controls: sliders with numbers, the terms, the model. What is entered wrongly is refused in words, and the state
// stays as it was.

import { Refusal, noiseIn, numberIn, termsIn, termsText } from "./checks.js";
import { LARGEST_DRAW, drawnParameters, kindsOf, largestNoise, lastPosition, seedsOf } from "./state.js";

const byId = (id) => document.getElementById(id);

// Sets what `read` makes of an input's text, or shows why it is refused.
function entered(input, act, read) {
  try {
    const changes = read(input.value);
    input.removeAttribute("aria-invalid");
    act.set(changes);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    input.setAttribute("aria-invalid", "true");
    act.refuse(error.message);
  }
}

// Shows a value in an input, unless the reader is writing in it.
function show(input, text) {
  if (input.matches(":focus") && input.type !== "range" && !input.settled) return;
  if (input.value !== text) input.value = text;
  input.settled = false;
  input.removeAttribute("aria-invalid");
}

// A slider and a number for the same thing. read(text) gives the changes of the state.
function pair(row, { label, name, low, high, step = "any", read }, act) {
  const slider = Object.assign(document.createElement("input"), {
    type: "range",
    min: low,
    max: high,
    step,
    id: `slide-${name}`,
  });
  const number = Object.assign(document.createElement("input"), {
    type: "text",
    inputMode: "decimal",
    id: `number-${name}`,
    autocomplete: "off",
  });
  const text = Object.assign(document.createElement("label"), { textContent: label, htmlFor: number.id });
  slider.setAttribute("aria-label", label);
  // To three digits, but for the ends.
  const rounded = (value) => Math.min(slider.max, Math.max(slider.min, Number(Number(value).toPrecision(3))));
  slider.addEventListener("input", () => entered(slider, act, (value) => read(rounded(value))));
  number.addEventListener("input", () => entered(number, act, read));
  number.addEventListener("change", () => {
    number.settled = number.getAttribute("aria-invalid") !== "true";
    act.redraw();
  });
  row.replaceChildren(text, slider, number);
  return (value, most = high) => {
    slider.max = most;
    show(slider, String(value));
    show(number, String(value));
  };
}

export function makeControls(manifest, task, act) {
  const { least_noise } = manifest,
    { dimension, context_length } = manifest.data,
    shows = [];
  const row = (parent, className = "pair") => {
    const made = Object.assign(document.createElement("div"), { className });
    parent.append(made);
    return made;
  };
  byId("parameters").classList.toggle("many", task.parameters.length > 6);
  for (const parameter of task.parameters) {
    const read = (text) => ({
      parameters: { ...act.state().parameters, [parameter.name]: numberIn(parameter.label, text, parameter) },
      terms: null,
    });
    const update = pair(row(byId("parameters")), { ...parameter, step: parameter.whole ? 1 : "any", read }, act);
    shows.push((state) => update(state.parameters[parameter.name]));
  }
  const noise = pair(
    row(byId("noise")),
    {
      label: "noise σ",
      name: "noise",
      low: 0,
      high: largestNoise(manifest),
      read: (text) => ({ noise: noiseIn(roundedNoise(text, least_noise), least_noise, largestNoise(manifest)) }),
    },
    act,
  );
  const position = pair(
    row(byId("position")),
    {
      label: "look at n",
      name: "position",
      low: 0,
      high: context_length - 1,
      step: 1,
      read: (text) => ({
        position: numberIn("position n", text, { low: 0, high: lastPosition(manifest, act.state()), whole: true }),
      }),
    },
    act,
  );
  if (dimension > 1) {
    const coordinate = pair(
      row(byId("position")),
      {
        label: "coordinate",
        name: "coordinate",
        low: 1,
        high: dimension,
        step: 1,
        read: (text) => ({ coordinate: numberIn("coordinate", text, { low: 1, high: dimension, whole: true }) - 1 }),
      },
      act,
    );
    shows.push((state) => coordinate(state.coordinate + 1));
  }
  byId("terms").addEventListener("input", (event) =>
    entered(event.target, act, (text) => ({ terms: termsIn(text, dimension, context_length + 1) })),
  );
  byId("terms").addEventListener("change", (event) => {
    event.target.settled = event.target.getAttribute("aria-invalid") !== "true";
    act.redraw();
  });
  byId("draw").addEventListener("click", () => {
    const draw = Math.floor(Math.random() * (LARGEST_DRAW + 1));
    act.set({ draw, parameters: drawnParameters(task, draw), terms: null });
  });
  byId("law").addEventListener("click", () => act.set({ terms: null }));
  const model = modelControls(manifest, act);
  return (state, result) => {
    shows.forEach((update) => update(state));
    noise(state.noise);
    position(state.position, lastPosition(manifest, state));
    show(byId("terms"), termsText(result.terms));
    byId("law").hidden = !state.terms;
    byId("by-hand").hidden = !state.terms;
    byId("note").textContent = state.terms ? "" : task.note(state.parameters);
    model(state);
  };
}

// What a slider says between 0 and the least noise means no noise.
function roundedNoise(text, least) {
  return typeof text === "number" && text < least ? 0 : text;
}

function modelControls(manifest, act) {
  const seed = byId("seed"),
    version = byId("model"),
    training = byId("training");
  for (const value of seedsOf(manifest)) seed.add(new Option(`seed ${value}`, value));
  const step = (kind) => ({ untrained: 0, trained: Infinity })[kind] ?? Number(kind.slice(4));
  const inOrder = (of) => kindsOf(manifest, of).sort((one, other) => step(one) - step(other));
  const words = (kind) => (kind.startsWith("step") ? `after step ${kind.slice(4)}` : kind);
  const choose = (kind) => act.set({ model: kind });
  seed.addEventListener("change", () => {
    const chosen = Number(seed.value),
      kinds = kindsOf(manifest, chosen),
      { model } = act.state();
    act.set({ seed: chosen, model: kinds.includes(model) ? model : kinds[0] });
  });
  version.addEventListener("change", () => choose(version.value));
  training.addEventListener("input", () => choose(inOrder(act.state().seed)[training.value]));
  const n_left_out = manifest.left_out;
  byId("left-out").textContent = n_left_out
    ? `Left out, so that the page opens: ${n_left_out} snapshots or models.`
    : "";
  let listed = null;
  return (state) => {
    const kinds = inOrder(state.seed);
    if (listed !== state.seed) version.replaceChildren(...kinds.map((kind) => new Option(words(kind), kind)));
    listed = state.seed;
    seed.value = state.seed;
    version.value = state.model;
    training.max = kinds.length - 1;
    training.value = kinds.indexOf(state.model);
    training.setAttribute("aria-valuetext", words(state.model));
    training.disabled = kinds.length < 2;
  };
}
