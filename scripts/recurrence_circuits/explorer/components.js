// The model's components: interventions that replace what they write (model/interventions.py), and their direct
// contributions to the prediction (measures/attribution.py).

import { add, centred, linear, readout, scales } from "./model.js";

export const KINDS = ["zero", "mean"];

export const headName = (layer, head) => `L${layer}H${head}`;
export const mlpName = (layer) => `L${layer}MLP`;

// The names of all that can be replaced in one layer: its heads, then its MLP.
export function namesOfLayer(settings, layer) {
  const heads = [...Array(settings.n_heads).keys()].map((head) => headName(layer, head));
  return settings.attention_only ? heads : [...heads, mlpName(layer)];
}

export function allNames(settings) {
  return [...Array(settings.n_layers).keys()].flatMap((layer) => namesOfLayer(settings, layer));
}

// What an intervention puts in place of an output, `position d_model`: zeros, or its mean over the test sequences.
function replacement(model, kind, mean, size) {
  return kind === "zero" ? new Float64Array(size) : Float64Array.from(mean.subarray(0, size));
}

// The hooks that replace components; replaced maps their names, such as L0H1 or L2MLP, to zero or mean.
export function hooksOf(model, replaced) {
  const hooks = {},
    d = model.d_model;
  for (let layer = 0; layer < model.n_layers; layer++) {
    hooks[`head_output.${layer}`] = (outputs) =>
      outputs.map((output, head) => {
        const kind = replaced[headName(layer, head)],
          size = model.context_length * d;
        const mean = model.tensors[`mean.head_output.${layer}`].subarray(head * size, (head + 1) * size);
        return kind ? replacement(model, kind, mean, output.length) : output;
      });
    hooks[`mlp_output.${layer}`] = (output) => {
      const kind = replaced[mlpName(layer)];
      return kind ? replacement(model, kind, model.tensors[`mean.mlp_output.${layer}`], output.length) : output;
    };
  }
  return hooks;
}

// The direct contribution of every component, in the order of the stream: name, kind, layer, and values `position
// dimension`. They add up to the prediction.
export function directContributions(model, cache) {
  const d = model.d_model,
    { W_readout, b_readout } = model.tensors,
    weight = model.tensors["final_norm.weight"];
  const W =
    model.norm === "none" ? W_readout : W_readout.map((value, i) => value * weight[Math.floor(i / model.dimension)]);
  const scale = scales(model, cache.residual[model.n_layers]),
    rows = scale.length;
  const read = (output) =>
    linear(centred(model, output), rows, d, W, model.dimension).map(
      (value, i) => value * scale[Math.floor(i / model.dimension)],
    );
  const found = [{ name: "embedding", kind: "embedding", values: read(cache.embedding) }];
  if (model.position_embedding) {
    found.push({ name: "position", kind: "embedding", values: read(cache.position_embedding) });
  }
  for (let layer = 0; layer < model.n_layers; layer++) {
    cache.head_output[layer].forEach((output, head) =>
      found.push({ name: headName(layer, head), kind: "head", layer, values: read(output) }),
    );
    if (!model.attention_only) {
      found.push({ name: mlpName(layer), kind: "mlp", layer, values: read(cache.mlp_output[layer]) });
    }
  }
  const b_O = add(
    ...[...Array(model.n_layers).keys()].map((layer) =>
      Float64Array.from(model.tensors[`blocks.${layer}.attention.b_O`]),
    ),
  );
  const everywhere = new Float64Array(rows * d).map((_, i) => b_O[i % d]);
  const norm_bias = model.tensors["final_norm.bias"];
  const bias = norm_bias ? linear(norm_bias, 1, d, W_readout, model.dimension, b_readout) : b_readout;
  found.push({
    name: "bias",
    kind: "bias",
    values: read(everywhere).map((value, i) => value + bias[i % model.dimension]),
  });
  return found;
}

// The readout of the stream before each layer and after the last, each `position dimension`: the estimate so far.
export function estimates(model, cache) {
  return cache.residual.map((stream) => readout(model, stream));
}
