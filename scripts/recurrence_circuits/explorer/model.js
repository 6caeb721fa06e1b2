// The transformer's forward pass, as in model/transformer.py and under its names, for one sequence.
//
// Activations are flat arrays of float64, row by row: `position d_model` is an array of positions · d_model numbers.
// Vectors are rows: x @ W. Hooks map "head_output.<layer>" to a function of the array of the heads' outputs, and
// "mlp_output.<layer>" to a function of the MLP's output; what they return replaces it.

const EPSILON = 1e-5; // of every norm

// The model in a block of numbers (see explorer/packing.py): settings, and every tensor by its name.
export function readModel(manifest, numbers) {
  const tensors = {};
  let start = 0;
  for (const [name, shape] of manifest.layout) {
    const size = shape.reduce((product, length) => product * length, 1);
    tensors[name] = numbers.subarray(start, start + size);
    start += size;
  }
  if (start !== numbers.length) {
    throw new Error(`block of a model: expected ${start} numbers, found ${numbers.length}`);
  }
  return {
    ...manifest.model,
    context_length: manifest.data.context_length,
    dimension: manifest.data.dimension,
    tensors,
  };
}

// x @ W + b, `rows columns`, of x `rows inner`, W `inner columns` and b `columns` (none if left out).
export function linear(x, rows, inner, W, columns, b = null) {
  const out = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    const row = out.subarray(i * columns, (i + 1) * columns);
    if (b) row.set(b);
    let k = 0;
    for (; k + 4 <= inner; k += 4) {
      // four rows of W at a time: twice as fast
      const at = i * inner + k,
        one = k * columns,
        two = one + columns,
        three = two + columns,
        four = three + columns;
      const x1 = x[at],
        x2 = x[at + 1],
        x3 = x[at + 2],
        x4 = x[at + 3];
      for (let j = 0; j < columns; j++) {
        row[j] += x1 * W[one + j] + x2 * W[two + j] + x3 * W[three + j] + x4 * W[four + j];
      }
    }
    for (; k < inner; k++) {
      const factor = x[i * inner + k],
        from = k * columns;
      for (let j = 0; j < columns; j++) row[j] += factor * W[from + j];
    }
  }
  return out;
}

export function add(first, ...others) {
  const out = Float64Array.from(first);
  for (const term of others) {
    for (let i = 0; i < out.length; i++) out[i] += term[i];
  }
  return out;
}

// What a norm scales, `position d_model`: for LayerNorm the deviation from the mean, else all.
export function centred(model, stream) {
  if (model.norm !== "layer_norm") return stream;
  const d = model.d_model,
    out = new Float64Array(stream.length);
  for (let start = 0; start < stream.length; start += d) {
    let mean = 0;
    for (let j = 0; j < d; j++) mean += stream[start + j] / d;
    for (let j = 0; j < d; j++) out[start + j] = stream[start + j] - mean;
  }
  return out;
}

// The factor that a norm applies at each position; 1 without a norm.
export function scales(model, stream) {
  const d = model.d_model,
    rows = stream.length / d,
    x = centred(model, stream),
    out = new Float64Array(rows).fill(1);
  if (model.norm === "none") return out;
  for (let i = 0; i < rows; i++) {
    let square = 0;
    for (let j = 0; j < d; j++) square += x[i * d + j] ** 2 / d;
    out[i] = 1 / Math.sqrt(square + EPSILON);
  }
  return out;
}

export function norm(model, name, stream) {
  if (model.norm === "none") return stream;
  const d = model.d_model,
    x = centred(model, stream),
    scale = scales(model, stream);
  const weight = model.tensors[`${name}.weight`],
    bias = model.tensors[`${name}.bias`];
  return x.map((value, i) => value * scale[Math.floor(i / d)] * weight[i % d] + (bias ? bias[i % d] : 0));
}

// The complementary error function to a relative 1.2e-7 (Chebyshev fit of Press et al., Numerical Recipes, erfcc).
const FIT = [
  0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368,
  -1.26551223,
];

export function erf(x) {
  const size = Math.abs(x),
    t = 1 / (1 + size / 2);
  let sum = 0;
  for (const coefficient of FIT) sum = sum * t + coefficient;
  const value = 1 - t * Math.exp(-size * size + sum);
  return x < 0 ? -value : value;
}

export function activation(model, x) {
  return model.activation === "relu" ? Math.max(0, x) : (x / 2) * (1 + erf(x * Math.SQRT1_2));
}

// One head's part of a tensor with a leading `head` axis.
function ofHead(model, tensor, head) {
  const size = tensor.length / model.n_heads;
  return tensor.subarray(head * size, (head + 1) * size);
}

// x W + b for one head, `position d_head`.
function project(model, layer, head, letter, x, rows) {
  const W = model.tensors[`blocks.${layer}.attention.W_${letter}`],
    b = model.tensors[`blocks.${layer}.attention.b_${letter}`];
  const d_head = model.d_model / model.n_heads;
  return linear(x, rows, model.d_model, ofHead(model, W, head), d_head, ofHead(model, b, head));
}

// Attention probabilities of one head, `query key`; a query sees keys up to itself.
function pattern(model, layer, head, x, rows) {
  const d_head = model.d_model / model.n_heads,
    scale = 1 / Math.sqrt(d_head),
    out = new Float64Array(rows * rows);
  const q = project(model, layer, head, "Q", x, rows),
    k = project(model, layer, head, "K", x, rows);
  for (let query = 0; query < rows; query++) {
    const scores = out.subarray(query * rows, query * rows + query + 1);
    for (let key = 0; key <= query; key++) {
      let score = 0;
      for (let j = 0; j < d_head; j++) score += q[query * d_head + j] * k[key * d_head + j];
      scores[key] = score * scale;
    }
    const largest = scores.reduce((a, b) => Math.max(a, b));
    let total = 0;
    for (let key = 0; key <= query; key++) total += scores[key] = Math.exp(scores[key] - largest);
    for (let key = 0; key <= query; key++) scores[key] /= total;
  }
  return out;
}

// What one head writes, `position d_model`, without b_O.
function headOutput(model, layer, head, x, attention, rows) {
  const d_head = model.d_model / model.n_heads,
    v = project(model, layer, head, "V", x, rows);
  const W_O = ofHead(model, model.tensors[`blocks.${layer}.attention.W_O`], head);
  return linear(linear(attention, rows, rows, v, d_head), rows, d_head, W_O, model.d_model);
}

function mlpOutput(model, layer, x, rows) {
  const { [`blocks.${layer}.mlp.W_in`]: W_in, [`blocks.${layer}.mlp.b_in`]: b_in } = model.tensors;
  const { [`blocks.${layer}.mlp.W_out`]: W_out, [`blocks.${layer}.mlp.b_out`]: b_out } = model.tensors;
  const hidden = linear(x, rows, model.d_model, W_in, model.d_mlp, b_in);
  for (let i = 0; i < hidden.length; i++) hidden[i] = activation(model, hidden[i]);
  return linear(hidden, rows, model.d_mlp, W_out, model.d_model, b_out);
}

// The prediction from a residual stream, `position dimension`: final norm, then the linear readout.
export function readout(model, stream) {
  const rows = stream.length / model.d_model,
    { W_readout, b_readout } = model.tensors;
  return linear(norm(model, "final_norm", stream), rows, model.d_model, W_readout, model.dimension, b_readout);
}

// The activations of a pass over x, `position dimension`: those of ActivationCache, heads one by one.
export function forward(model, x, hooks = {}) {
  const rows = x.length / model.dimension,
    { W_E, W_pos } = model.tensors;
  if (rows < 1 || rows > model.context_length) {
    throw new Error(`model input: expected 1 to ${model.context_length} positions, found ${rows}`);
  }
  const hooked = (site, value) => (hooks[site] ? hooks[site](value) : value);
  const embedding = linear(x, rows, model.dimension, W_E, model.d_model);
  const position_embedding = W_pos ? Float64Array.from(W_pos.subarray(0, embedding.length)) : embedding.map(() => 0);
  const cache = {
    embedding,
    position_embedding,
    residual: [],
    middle: [],
    attention: [],
    head_output: [],
    mlp_output: [],
  };
  let stream = add(embedding, position_embedding);
  for (let layer = 0; layer < model.n_layers; layer++) {
    cache.residual.push(stream);
    const read = norm(model, `blocks.${layer}.attention_norm`, stream),
      heads = [...Array(model.n_heads).keys()];
    const attention = heads.map((head) => pattern(model, layer, head, read, rows));
    const written = hooked(
      `head_output.${layer}`,
      heads.map((head) => headOutput(model, layer, head, read, attention[head], rows)),
    );
    const b_O = model.tensors[`blocks.${layer}.attention.b_O`];
    stream = add(stream, ...written).map((value, i) => value + b_O[i % model.d_model]);
    cache.attention.push(attention);
    cache.head_output.push(written);
    cache.middle.push(stream);
    if (!model.attention_only) {
      const mlp = hooked(
        `mlp_output.${layer}`,
        mlpOutput(model, layer, norm(model, `blocks.${layer}.mlp_norm`, stream), rows),
      );
      cache.mlp_output.push(mlp);
      stream = add(stream, mlp);
    }
  }
  cache.residual.push(stream);
  cache.prediction = readout(model, stream);
  return cache;
}
