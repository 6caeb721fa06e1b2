// Random numbers that a seed fixes, so that a link draws the same again.

// Uniform on [0, 1): mulberry32, 32 bits of state.
export function uniform(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// Standard normal (Box and Muller), from a source of uniform numbers.
export function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

// An orthogonal d × d matrix, uniform over the orthogonal group, as an array of rows: Gaussian rows made orthonormal.
export function haarOrthogonal(d, random) {
  const rows = [];
  while (rows.length < d) {
    let row = Array.from({ length: d }, () => normal(random));
    for (const other of [...rows, ...rows]) {
      // twice, against rounding
      const along = dot(row, other);
      row = row.map((value, i) => value - along * other[i]);
    }
    const size = Math.sqrt(dot(row, row));
    rows.push(row.map((value) => value / size));
  }
  return rows;
}

export function dot(a, b) {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i] * b[i];
  return total;
}
