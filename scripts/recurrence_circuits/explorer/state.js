// The state of the page: all that the reader has set, as plain values; and the same as the text of an address.
//
//   seed, model     which model: a seed's trained or untrained one, or step<n>
//   parameters      of the task, by name
//   noise, draw     standard deviation of the noise on every term, and the number that its random draw starts from
//   terms           the terms set by hand, or null if they follow from the parameters
//   position        n: the last term that the prediction looked at has seen
//   coordinate      of terms, that is shown
//   replaced        components by name, such as L0H1 or L2MLP: zero or mean
//   enlarged        the head whose attention is shown large, or null

import { KINDS, allNames } from "./components.js";
import { Refusal, noiseIn, numberIn, oneOf, termsIn, termsText } from "./checks.js";
import { uniform } from "./random.js";

export const LARGEST_DRAW = 999999;

export const largestNoise = (manifest) => Math.max(1, 4 * manifest.data.noise);
export const seedsOf = (manifest) => [...new Set(manifest.models.map(({ seed }) => seed))];
export const kindsOf = (manifest, seed) =>
  manifest.models.filter((model) => model.seed === seed).map(({ kind }) => kind);

// A random draw of the task's parameters, to three digits, so that what is shown is what is used.
export function drawnParameters(task, draw) {
  const values = task.draw(uniform(draw));
  return Object.fromEntries(
    task.parameters.map(({ name, low, high }) => {
      return [name, Math.min(high, Math.max(low, Number(values[name].toPrecision(3))))];
    }),
  );
}

export function firstState(manifest, task) {
  const { seed, kind } = manifest.models[0],
    draw = 53;
  return {
    seed,
    model: kind,
    parameters: drawnParameters(task, draw),
    noise: task.observed ? 0 : manifest.data.noise,
    draw,
    terms: null,
    position: Math.min(5, manifest.data.context_length - 1),
    coordinate: 0,
    replaced: {},
    enlarged: null,
  };
}

// The position that a state can have: with terms set by hand there may be fewer of them than the context has.
export function lastPosition(manifest, state) {
  const { context_length } = manifest.data;
  return Math.min(context_length, state.terms ? state.terms.length : context_length) - 1;
}

export function addressOf(state, dimension) {
  const entries = [
    ["seed", state.seed],
    ["model", state.model],
  ];
  entries.push(...Object.entries(state.parameters), ["draw", state.draw]);
  if (state.terms) entries.push(["terms", termsText(state.terms)]);
  entries.push(["noise", state.noise], ["position", state.position]);
  if (dimension > 1) entries.push(["coordinate", state.coordinate + 1]);
  const replaced = Object.entries(state.replaced).map(([name, kind]) => `${name}:${kind}`);
  if (replaced.length) entries.push(["replaced", replaced.join(",")]);
  if (state.enlarged) entries.push(["enlarged", state.enlarged]);
  return new URLSearchParams(entries).toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
}

// The state of an address, and what of it was refused, in words; that has the first state's values.
export function stateOf(address, manifest, task) {
  const state = firstState(manifest, task),
    refused = [],
    { dimension, context_length } = manifest.data;
  const given = new URLSearchParams(address),
    names = allNames(manifest.model);
  const take = (name, read) => {
    if (!given.has(name)) return;
    const text = given.get(name);
    given.delete(name);
    try {
      read(text);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refused.push(error.message);
    }
  };
  take("seed", (text) => {
    state.seed = Number(oneOf("seed", text, seedsOf(manifest).map(String)));
  });
  take("model", (text) => {
    state.model = oneOf("model", text, kindsOf(manifest, state.seed));
  });
  take("draw", (text) => {
    state.draw = numberIn("draw", text, { low: 0, high: LARGEST_DRAW, whole: true });
    state.parameters = drawnParameters(task, state.draw);
  });
  task.parameters.forEach((parameter) =>
    take(parameter.name, (text) => {
      state.parameters[parameter.name] = numberIn(parameter.name, text, parameter);
    }),
  );
  take("noise", (text) => {
    state.noise = noiseIn(text, manifest.least_noise, largestNoise(manifest));
  });
  take("terms", (text) => {
    state.terms = termsIn(text, dimension, context_length + 1);
  });
  state.position = Math.min(state.position, lastPosition(manifest, state));
  take("position", (text) => {
    state.position = numberIn("position", text, { low: 0, high: lastPosition(manifest, state), whole: true });
  });
  take("coordinate", (text) => {
    state.coordinate = numberIn("coordinate", text, { low: 1, high: dimension, whole: true }) - 1;
  });
  take("replaced", (text) =>
    text.split(",").forEach((part) => {
      const [name, kind] = part.split(":");
      oneOf("replaced", name, names);
      state.replaced[name] = oneOf(`replaced ${name}`, kind ?? "", KINDS);
    }),
  );
  take("enlarged", (text) => {
    state.enlarged = oneOf(
      "enlarged",
      text,
      names.filter((name) => !name.endsWith("MLP")),
    );
  });
  for (const name of given.keys()) {
    refused.push(`address: expected the settings of this page, found “${name.slice(0, 40)}”.`);
  }
  return { state, refused };
}
