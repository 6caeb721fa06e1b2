// What the page shows of a state: the sequence, the passes with and without the intervention, and what follows.

import { directContributions, estimates, hooksOf } from "./components.js";
import { forward } from "./model.js";
import { normal, uniform } from "./random.js";

// The terms of a state, each an array of coordinates: of the context and, unless fewer are set by hand, one more.
export function termsOf(state, manifest, task) {
  if (state.terms) return state.terms;
  const random = uniform(state.draw + 1),
    terms = task.unroll(state.parameters, manifest.data.context_length + 1);
  return terms.map((term) => term.map((value) => value + (state.noise > 0 ? state.noise * normal(random) : 0)));
}

// A pass over the context, and what is read off it; all but `cache` as arrays over positions of arrays of coordinates.
function pass(model, x, hooks) {
  const cache = forward(model, x, hooks),
    split = (flat) => rowsOf(flat, model.dimension);
  return {
    cache,
    predictions: split(cache.prediction),
    contributions: directContributions(model, cache).map(({ values, ...component }) => ({
      ...component,
      values: split(values),
    })),
    estimates: estimates(model, cache).map(split),
  };
}

// The pass of the last drawing if it was made of the same, else a new one: to look at another position needs no pass.
function remembered(last, made_of, make) {
  if (last && made_of.every((value, i) => value === last.made_of[i])) return last;
  return { ...make(), made_of };
}

export function compute(state, manifest, task, model, before = null) {
  const terms = termsOf(state, manifest, task),
    context = terms.slice(0, manifest.data.context_length);
  const x = Float64Array.from(context.flat()),
    changed = Object.keys(state.replaced).length > 0;
  const whole = remembered(before?.whole, [model, x.join()], () => pass(model, x, {}));
  const replaced = changed
    ? remembered(before?.replaced, [model, x.join(), JSON.stringify(state.replaced)], () =>
        pass(model, x, hooksOf(model, state.replaced)),
      )
    : null;
  const bayes = task.bayes(context, state.noise);
  // Of each predictor, the root mean square over coordinates of prediction − x_{n+1}; NaN where either is not known.
  const errors = (predictions) =>
    predictions.map((prediction, n) =>
      terms[n + 1]
        ? Math.sqrt(prediction.reduce((sum, value, i) => sum + (value - terms[n + 1][i]) ** 2, 0) / prediction.length)
        : NaN,
    );
  return {
    terms,
    context,
    whole,
    replaced,
    bayes,
    copying: context,
    shown: replaced ?? whole,
    errors: {
      whole: errors(whole.predictions),
      replaced: replaced && errors(replaced.predictions),
      copying: errors(context),
      bayes: errors(bayes),
    },
  };
}

function rowsOf(flat, width) {
  return Array.from({ length: flat.length / width }, (_, i) => Array.from(flat.subarray(i * width, (i + 1) * width)));
}
