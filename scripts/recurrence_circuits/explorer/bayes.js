// Bayes-optimal predictions, as the tasks in tasks/*.py define them. NaN where the optimum is not known, or where no
// sequence of the task has these terms: terms set by hand need not obey the law.

import { dot } from "./random.js";

const FITS = 1e-5; // of the terms' size: how far a term may be from the law without noise, for rounding
const RANK = 1e-9; // of the widest difference: what is smaller than this beside others is rounding

// Without noise, the next term of x_{n+1} = A x_n + b after x_0 … x_n, arrays of d numbers, or null if these leave it
// open. The differences obey D_{k+1} = A D_k: D_n is written in earlier ones, the widest first, and moved on by one.
export function extrapolate(terms) {
  const n = terms.length - 1,
    d = terms[0].length;
  const difference = (k) => terms[k].map((value, i) => value - terms[k - 1][i]);
  let left = difference(n),
    moved = new Array(d).fill(0);
  const basis = [];
  for (let k = 1; k < n; k++) basis.push({ before: difference(k), after: difference(k + 1) });
  const widest = Math.sqrt(Math.max(0, ...basis.map(({ before }) => dot(before, before))));
  for (let taken = 0; taken < d && basis.length; taken++) {
    basis.sort((one, other) => dot(other.before, other.before) - dot(one.before, one.before));
    const { before, after } = basis.shift(),
      square = dot(before, before);
    if (Math.sqrt(square) <= RANK * widest) break;
    const without = (pair) => {
      const share = dot(pair.before, before) / square;
      return {
        before: pair.before.map((v, i) => v - share * before[i]),
        after: pair.after.map((v, i) => v - share * after[i]),
      };
    };
    basis.forEach((pair, i) => {
      basis[i] = without(pair);
    });
    const share = dot(left, before) / square;
    left = left.map((v, i) => v - share * before[i]);
    moved = moved.map((v, i) => v + share * after[i]);
  }
  if (Math.sqrt(dot(left, left)) > FITS * size(terms)) return null;
  return terms[n].map((value, i) => value + moved[i]);
}

export function size(terms) {
  return 1 + Math.max(...terms.map((term) => Math.sqrt(dot(term, term))));
}

export function near(one, other, terms) {
  return one.every((value, i) => Math.abs(value - other[i]) <= FITS * size(terms));
}

// Nodes and weights of Gauss–Legendre quadrature on (−1, 1), by Newton's method on the Legendre polynomial.
export function gaussLegendre(n) {
  const nodes = [],
    weights = [];
  for (let i = 1; i <= n; i++) {
    let x = Math.cos((Math.PI * (i - 0.25)) / (n + 0.5)),
      slope = 1;
    for (let round = 0; round < 50; round++) {
      let before = 1,
        value = x;
      for (let k = 2; k <= n; k++) [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
      slope = (n * (x * value - before)) / (x * x - 1);
      const step = value / slope;
      x -= step;
      if (Math.abs(step) < 1e-15) break;
    }
    nodes.push(x);
    weights.push(2 / ((1 - x * x) * slope * slope));
  }
  return { nodes, weights };
}

const RULE = gaussLegendre(64);

// The mean of f over low … high with a density that is given by its logarithm; both take the variable.
function meanOver(low, high, logDensity, f) {
  const at = RULE.nodes.map((node) => (high + low + (high - low) * node) / 2);
  const logs = at.map(logDensity),
    peak = Math.max(...logs);
  const density = logs.map((log, i) => RULE.weights[i] * Math.exp(log - peak));
  return dot(density, at.map(f)) / density.reduce((a, b) => a + b);
}

// E[a | x_0, x_1] for a ~ U(−1, 1), b ~ N(0, 1), without noise (see tasks/affine.py).
export function slopePosterior(x0, x1) {
  const DROP = 40,
    mode = x0 === 0 ? 0 : Math.max(-1, Math.min(1, x1 / x0));
  const slope = x0 * (x1 - mode * x0),
    curvature = x0 * x0;
  const reach = (2 * DROP) / (Math.abs(slope) + Math.sqrt(slope * slope + 2 * DROP * curvature));
  const low = Math.max(-1 - mode, -reach),
    high = Math.min(1 - mode, reach);
  return (
    mode +
    meanOver(
      low,
      high,
      (r) => slope * r - (curvature * r * r) / 2,
      (r) => r,
    )
  );
}

// E[x_{n+1} | x_0 … x_n] of the scalar affine law under noise (see tasks/affine_posterior.py); terms are numbers.
export function noisyAffine(terms, noise, { a_max, b_std, x0_std }) {
  const GRID = 32,
    DROP = 30;
  const given = (a) => givenSlope(terms, a, noise, x0_std, b_std);
  const rounds = 3 + Math.ceil(Math.log(Math.max(1, a_max) ** terms.length) / Math.log(16));
  let low = -a_max,
    high = a_max;
  for (let round = 0; round < rounds; round++) {
    const slopes = Array.from({ length: GRID + 1 }, (_, i) => low + ((high - low) * i) / GRID);
    const logs = slopes.map((a) => given(a).log),
      kept = logs.map((log) => log > Math.max(...logs) - DROP);
    low = slopes[Math.max(0, kept.indexOf(true) - 1)];
    high = slopes[Math.min(GRID, kept.lastIndexOf(true) + 1)];
  }
  return meanOver(
    low,
    high,
    (a) => given(a).log,
    (a) => given(a).mean,
  );
}

// Given a, the log density of the terms, up to a constant, and the mean of the next one. x_k = p x_0 + s b.
function givenSlope(terms, a, noise, x0_std, b_std) {
  let p = 1,
    s = 0,
    pp = 0,
    ps = 0,
    ss = 0,
    py = 0,
    sy = 0,
    yy = 0;
  for (const y of terms) {
    pp += p * p;
    ps += p * s;
    ss += s * s;
    py += p * y;
    sy += s * y;
    yy += y * y;
    [p, s] = [a * p, a * s + 1];
  }
  [pp, ps, ss, py, sy, yy] = [pp, ps, ss, py, sy, yy].map((sum) => sum / noise ** 2);
  const ofX0 = x0_std ** -2 + pp,
    ofB = b_std ** -2 + ss,
    determinant = ofX0 * ofB - ps * ps;
  const x0 = (ofB * py - ps * sy) / determinant,
    b = (ofX0 * sy - ps * py) / determinant;
  return { log: (py * x0 + sy * b - yy - Math.log(determinant)) / 2, mean: p * x0 + s * b };
}

// E[x_{n+1} | x_0 … x_n] at every n of terms that are a linear combination c of functions of n, c ~ N(0, 1), under
// noise: term by term, with the posterior covariance of c as S Sᵀ. basis(n) is the functions' values at n.
export function linearGaussian(terms, noise, basis) {
  const k = basis(0).length,
    S = Array.from({ length: k }, (_row, i) => Array.from({ length: k }, (_column, j) => +(i === j)));
  let mean = new Array(k).fill(0),
    lawful = true;
  return terms.map((x, n) => {
    const h = basis(n),
      phi = h.map((_, j) =>
        dot(
          h,
          S.map((row) => row[j]),
        ),
      );
    const variance = dot(phi, phi),
      off = x - dot(h, mean);
    if (noise === 0 && variance < 1e-18 * dot(h, h)) {
      lawful &&= Math.abs(off) <= FITS * (1 + Math.abs(x));
    } else {
      const total = variance + noise * noise,
        gain = S.map((row) => dot(row, phi) / total);
      mean = mean.map((value, i) => value + gain[i] * off);
      const share = 1 / (1 + Math.sqrt((noise * noise) / total));
      S.forEach((row, i) =>
        phi.forEach((along, j) => {
          row[j] -= share * gain[i] * along;
        }),
      );
    }
    return lawful ? dot(basis(n + 1), mean) : NaN;
  });
}
