// The estimate of the next term after each layer, read by the model's own readout, at the chosen position.

import { BOTTOM, LEFT, axes, drawing, legend, lines, predictors, shown as number, term } from "./plot.js";

const HEIGHT = 300,
  RIGHT = 16; // pixels

export function layersView(panel, palette, act) {
  const looks = predictors(palette),
    view = drawing(panel, () => act.redraw());

  function draw(state, result, manifest) {
    const { position: n, coordinate } = state,
      n_layers = manifest.model.n_layers,
      target = result.terms[n + 1]?.[coordinate];
    const along = (pass) => pass.estimates.map((rows, i) => [i, rows[n][coordinate]]),
      flat = (value) => [
        [0, value],
        [n_layers, value],
      ];
    const series = [];
    if (target !== undefined) {
      series.push({
        ...looks.truth,
        name: "target",
        label: `${term(n + 1)} itself`,
        symbol: "dot",
        width: 1,
        values: flat(target),
      });
    }
    series.push(
      { ...looks.copying, values: flat(result.copying[n][coordinate]) },
      { ...looks.whole, values: along(result.whole) },
    );
    if (result.replaced) {
      series.push({ ...looks.replaced, label: "with the intervention", values: along(result.replaced) });
    }
    const top =
      legend(view.group("legend").attr("transform", `translate(${LEFT - 50},0)`), series, view.width - LEFT + 50) + 4;
    const [low, high] = d3.extent(series.flatMap(({ values }) => values.map(([, value]) => value))),
      pad = 0.08 * (high - low) || 1;
    const x = d3.scaleLinear([0, n_layers], [LEFT + 10, view.width - RIGHT - 10]);
    const y = d3.scaleLinear([low - pad, high + pad], [HEIGHT - BOTTOM, top]);
    view.size(HEIGHT);
    const layerName = (i) => (i === 0 ? "embedding" : String(i - 1));
    axes(view, {
      height: HEIGHT,
      top,
      bottom: { scale: x, label: "after layer", values: d3.range(n_layers + 1), format: layerName },
      left: { scale: y, label: `estimate of ${term(n + 1)}`, format: (v) => number(v, 4) },
    });
    lines(
      view.group("lines"),
      series.map((d) => ({ ...d, points: d.values.map(([i, value]) => [x(i), y(value), number(value, 4)]) })),
      act.tip,
    );
  }

  return { draw };
}
