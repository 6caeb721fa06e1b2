// The error of each prediction of this sequence by position, on a logarithmic axis.

import { BOTTOM, LEFT, axes, counting, drawing, legend, lines, predictors, shown as number } from "./plot.js";

const HEIGHT = 330,
  RIGHT = 14,
  FLOOR = 1e-5; // an error below FLOOR is drawn there

export function errorsView(panel, palette, act) {
  const looks = predictors(palette),
    view = drawing(panel, () => act.redraw());

  function draw(state, result, manifest) {
    const last = manifest.data.context_length - 1,
      drawn = ["bayes", "copying", "whole", "replaced"].filter((name) => result.errors[name]);
    const series = drawn.map((name) => ({
      ...looks[name],
      values: result.errors[name].map((value, n) => [n, Math.max(value, FLOOR), `n = ${n}, error ${number(value)}`]),
    }));
    series.forEach((d) => {
      if (d.name === "replaced") d.label = "with the intervention";
    });
    const top =
      legend(view.group("legend").attr("transform", `translate(${LEFT - 50},0)`), series, view.width - LEFT + 50) + 4;
    const x = d3.scaleLinear([0, Math.max(1, last)], [LEFT + 8, view.width - RIGHT - 8]),
      all = series.flatMap(({ values }) => values.map(([, value]) => value));
    const high = Math.max(d3.max(all.filter(Number.isFinite)) ?? 1, 10 * FLOOR);
    const y = d3.scaleLog([FLOOR, 10 ** Math.ceil(Math.log10(high * 1.01))], [HEIGHT - BOTTOM, top]);
    view.size(HEIGHT);
    view
      .group("chosen")
      .selectAll("line")
      .data([state.position])
      .join("line")
      .attr("x1", (n) => x(n))
      .attr("x2", (n) => x(n))
      .attr("y1", top)
      .attr("y2", HEIGHT - BOTTOM)
      .attr("stroke", palette.pale)
      .attr("stroke-width", 10);
    const [, largest] = y.domain(),
      decades = d3.range(Math.log10(FLOOR), Math.log10(largest) + 0.5).map((e) => 10 ** Math.round(e));
    const power = (value) =>
      (value === FLOOR ? "≤ " : "") +
      (value >= 0.001 && value < 10000
        ? String(Number(value.toPrecision(1)))
        : `1e${Math.round(Math.log10(value))}`
      ).replace("-", "−");
    axes(view, {
      height: HEIGHT,
      top,
      bottom: counting(x, last, view, "n: last term seen"),
      left: { scale: y, label: "error (x)", values: decades, format: power },
    });
    lines(
      view.group("lines"),
      series.map((d) => ({ ...d, points: d.values.map(([n, value, told]) => [x(n), y(value), told]) })),
      act.tip,
    );
  }

  return { draw };
}
