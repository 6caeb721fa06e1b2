// The tasks: hidden parameters, the terms that follow from them, and the Bayes-optimal prediction where it is known.
//
// A task is made from the experiment's data settings (the section `data` of its config). It has
//
//   parameters        name, label, low, high of each number that fixes a sequence
//   draw(random)      values by name, from the law
//   unroll(values, n) the first n terms, without noise, each an array of `dimension` numbers
//   bayes(terms, noise)  the optimal prediction after each term, NaN where it is not known
//   note(values)      a sentence, if no sequence of the task has these values
//   observed          whether the terms have noise on them already
//
// To add one, write it here; the page of a task that is not here has typed terms and test sequences alone.

import { extrapolate, linearGaussian, near, noisyAffine, size, slopePosterior } from "./bayes.js";
import { dot, haarOrthogonal, normal } from "./random.js";

const REACH = 4; // standard deviations that a slider spans to each side

const ranged = (names, reach) => names.map(([name, label]) => ({ name, label, low: -reach, high: reach }));
const indices = (n) => [...Array(n).keys()];

function affine(data) {
  const { a_max, b_std, x0_std } = data;
  return {
    parameters: [
      { name: "a", label: "a", low: -a_max, high: a_max },
      ...ranged([["b", "b"]], REACH * b_std),
      ...ranged([["x0", "x₀"]], REACH * x0_std),
    ],
    draw: (random) => ({ a: a_max * (2 * random() - 1), b: b_std * normal(random), x0: x0_std * normal(random) }),
    unroll: ({ a, b, x0 }, n) => {
      const terms = [[x0]];
      while (terms.length < n) terms.push([a * terms.at(-1)[0] + b]);
      return terms;
    },
    bayes: (terms, noise) => {
      if (noise > 0) {
        return terms.map((_, n) => [
          noisyAffine(
            terms.slice(0, n + 1).map(([x]) => x),
            noise,
            data,
          ),
        ]);
      }
      return lawful(
        terms,
        2,
        (seen) => {
          if (seen.length === 1) return [0];
          const [[x0], [x1]] = seen;
          return [x1 + a_max * slopePosterior((x0 * a_max) / b_std, x1 / b_std) * (x1 - x0)];
        },
        (before, after) => Math.abs(after[0]) <= a_max * Math.abs(before[0]) + 1e-5 * size(terms),
      );
    },
    note: () => "",
  };
}

function affineVector(data) {
  const { dimension: d, a_max, b_std, x0_std } = data,
    low = "₁₂₃₄₅₆₇₈₉";
  const sub = (...numbers) => numbers.map((i) => low[i] ?? `,${i + 1}`).join("");
  const entries = indices(d).flatMap((i) => indices(d).map((j) => [`A${i + 1}_${j + 1}`, `A${sub(i, j)}`]));
  const matrix = (values) => indices(d).map((i) => indices(d).map((j) => values[`A${i + 1}_${j + 1}`]));
  return {
    parameters: [
      ...ranged(entries, a_max),
      ...ranged(
        indices(d).map((i) => [`b${i + 1}`, `b${sub(i)}`]),
        REACH * b_std,
      ),
      ...ranged(
        indices(d).map((i) => [`x0_${i + 1}`, `x₀,${sub(i)}`]),
        REACH * x0_std,
      ),
    ],
    draw: (random) => {
      const U = haarOrthogonal(d, random),
        V = haarOrthogonal(d, random),
        s = indices(d).map(() => a_max * random());
      const values = {};
      for (const i of indices(d)) {
        for (const j of indices(d)) {
          values[`A${i + 1}_${j + 1}`] = indices(d).reduce((sum, k) => sum + U[k][i] * s[k] * V[k][j], 0);
        }
        values[`b${i + 1}`] = b_std * normal(random);
        values[`x0_${i + 1}`] = x0_std * normal(random);
      }
      return values;
    },
    unroll: (values, n) => {
      const A = matrix(values),
        b = indices(d).map((i) => values[`b${i + 1}`]);
      const terms = [indices(d).map((i) => values[`x0_${i + 1}`])];
      while (terms.length < n) terms.push(A.map((row, i) => dot(row, terms.at(-1)) + b[i]));
      return terms;
    },
    bayes: (terms, noise) => {
      const unknown = () => new Array(d).fill(NaN),
        zero = new Array(d).fill(0);
      if (noise > 0) return terms.map((_, n) => (n === 0 ? zero : unknown()));
      return lawful(
        terms,
        d + 1,
        (seen) => (seen.length === 1 ? zero : unknown()),
        () => true,
      );
    },
    note: (values) => {
      const largest = largestSingularValue(matrix(values));
      return largest <= a_max * 1.001
        ? ""
        : `The largest singular value of A is ${largest.toFixed(2)}: no sequence that the model was trained on has more than ${a_max}.`;
    },
  };
}

// Predictions without noise of x_{n+1} = A x_n + b: `early` before position `first`, then by extrapolation, as long as
// the terms obey a law, and `allowed` says that the differences of two neighbours can follow each other.
function lawful(terms, first, early, allowed) {
  const unknown = terms[0].map(() => NaN);
  let holds = true,
    predicted = null;
  return terms.map((term, n) => {
    const seen = terms.slice(0, n + 1);
    if (predicted && !near(predicted, term, terms)) holds = false;
    if (n >= 2) {
      const difference = (k) => terms[k].map((value, i) => value - terms[k - 1][i]);
      holds &&= allowed(difference(n - 1), difference(n));
    }
    if (!holds) return unknown;
    if (n < first) return early(seen);
    predicted = extrapolate(seen);
    return predicted ?? unknown;
  });
}

function largestSingularValue(A) {
  let v = A.map((_, i) => 1 + i / 7),
    value = 0;
  for (let round = 0; round < 200; round++) {
    const Av = A.map((row) => dot(row, v)),
      next = A[0].map((_, j) =>
        dot(
          A.map((row) => row[j]),
          Av,
        ),
      );
    const length = Math.sqrt(dot(next, next));
    if (length === 0) return 0;
    value = Math.sqrt(dot(Av, Av) / dot(v, v));
    v = next.map((entry) => entry / length);
  }
  return value;
}

function polynomial(data) {
  const basis = (n) => {
    const t = -1 + (2 * n) / data.context_length,
      values = [1, t];
    while (values.length <= data.degree) values.push(2 * t * values.at(-1) - values.at(-2));
    return values;
  };
  const names = indices(data.degree + 1).map((k) => [`c${k}`, `c${"₀₁₂₃₄₅₆₇₈₉"[k] ?? k}`]);
  return {
    parameters: ranged(names, REACH),
    draw: (random) => Object.fromEntries(names.map(([name]) => [name, normal(random)])),
    unroll: (values, n) =>
      indices(n).map((i) => [
        dot(
          basis(i),
          names.map(([name]) => values[name]),
        ),
      ]),
    bayes: (terms, noise) =>
      linearGaussian(
        terms.map(([x]) => x),
        noise,
        basis,
      ).map((x) => [x]),
    note: () => "",
  };
}

// For a task whose law this page does not know: the experiment's own test sequences, one after another.
function examples(data, sequences) {
  return {
    parameters: [{ name: "sequence", label: "test sequence", low: 0, high: sequences.length - 1, whole: true }],
    draw: (random) => ({ sequence: Math.floor(random() * sequences.length) }),
    unroll: ({ sequence }, n) => sequences[sequence].slice(0, n),
    bayes: (terms) => terms.map((term) => term.map(() => NaN)),
    note: () => "",
    observed: true,
  };
}

export function makeTask(manifest) {
  const known = { affine, affine_vector: affineVector, polynomial };
  return (known[manifest.task] ?? examples)(manifest.data, manifest.examples);
}
