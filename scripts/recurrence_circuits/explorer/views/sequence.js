// The sequence: its terms, which can be dragged, and what is predicted of each from those before it.

import {
  BOTTOM,
  LEFT,
  axes,
  counting,
  drawing,
  legend,
  lines,
  predictors,
  shown as number,
  subscripts,
  term,
} from "./plot.js";

const HEIGHT = 330,
  RIGHT = 14; // pixels

export function sequenceView(panel, palette, act) {
  const looks = predictors(palette),
    view = drawing(panel, () => act.redraw());
  let frozen = null,
    drag = null; // the scale while a term is dragged

  function draw(state, result, manifest) {
    const { coordinate, position } = state,
      of = (rows) => rows.map((row) => row[coordinate]);
    const last = manifest.data.context_length,
      terms = of(result.terms);
    const following = {
      whole: result.whole.predictions,
      replaced: result.replaced?.predictions,
      copying: result.copying,
      bayes: result.bayes,
    };
    const series = [{ ...looks.truth, values: terms.map((value, n) => [n, value]) }];
    for (const name of ["bayes", "copying", "whole", "replaced"]) {
      if (following[name]) {
        series.push({ ...looks[name], values: of(following[name]).map((value, n) => [n + 1, value]) });
      }
    }
    const top =
      legend(view.group("legend").attr("transform", `translate(${LEFT},0)`), series, view.width - LEFT - RIGHT) + 4;
    const x = d3.scaleLinear([0, last], [LEFT + 8, view.width - RIGHT - 8]);
    const all = series.flatMap(({ values }) => values.map(([, value]) => value)).filter(Number.isFinite);
    const [low, high] = d3.extent(all),
      pad = 0.08 * (high - low) || 1;
    const y = frozen ?? d3.scaleLinear([low - pad, high + pad], [HEIGHT - BOTTOM, top]);
    view.size(HEIGHT);

    const step = x(1) - x(0);
    view
      .group("chosen")
      .selectAll("rect")
      .data([position])
      .join("rect")
      .attr("x", x(-0.5))
      .attr("width", step * (position + 1))
      .attr("y", top)
      .attr("height", HEIGHT - BOTTOM - top)
      .attr("fill", palette.pale);
    view
      .group("chosen")
      .selectAll("line")
      .data([position + 1])
      .join("line")
      .attr("x1", (n) => x(n))
      .attr("x2", (n) => x(n))
      .attr("y1", top)
      .attr("y2", HEIGHT - BOTTOM)
      .attr("stroke", palette.grey)
      .attr("stroke-dasharray", "2 2");
    const what = manifest.data.dimension > 1 ? `coordinate ${coordinate + 1} of x` : "x";
    axes(view, {
      height: HEIGHT,
      top,
      bottom: counting(x, last, view, "number of the term"),
      left: { scale: y, label: what, format: (v) => number(v, 4) },
    });
    view
      .group("zero")
      .selectAll("line")
      .data(y.domain()[0] < 0 && y.domain()[1] > 0 ? [0] : [])
      .join("line")
      .attr("x1", LEFT)
      .attr("x2", view.width - RIGHT)
      .attr("y1", y(0))
      .attr("y2", y(0))
      .attr("stroke", palette.grey)
      .attr("stroke-width", 0.6);
    columns(x, top, step, Math.min(last, terms.length) - 1);
    lines(
      view.group("lines"),
      series.slice(1).map((d) => ({
        ...d,
        points: d.values.map(([n, value]) => [x(n), y(value), `${term(n)} = ${number(value, 4)}`]),
      })),
      act.tip,
    );
    handles(terms, x, y, result);
  }

  // A click on a column chooses its position.
  function columns(x, top, step, last) {
    view
      .group("columns")
      .selectAll("rect")
      .data(d3.range(last + 1))
      .join("rect")
      .attr("x", (n) => x(n) - step / 2)
      .attr("width", step)
      .attr("y", top)
      .attr("height", HEIGHT - BOTTOM - top)
      .attr("fill", "transparent")
      .style("cursor", "pointer")
      .on("click", (event, n) => act.set({ position: n }));
  }

  // The terms, each to be dragged, or moved by the arrow keys.
  function handles(terms, x, y, result) {
    const move = (n, value) => {
      const changed = result.terms.map((coordinates) => [...coordinates]);
      changed[n][act.state().coordinate] = Number(value.toPrecision(4));
      act.set({ terms: changed });
    };
    drag ??= d3
      .drag()
      .container(() => view.svg.node())
      .on("start", () => {
        frozen = view.scale.copy();
      })
      .on("drag", (event, d) => view.move(d.n, view.scale.invert(event.y)))
      .on("end", () => {
        frozen = null;
        act.redraw();
      });
    Object.assign(view, { scale: y, move });
    view
      .group("terms")
      .selectAll("circle")
      .data(
        terms.map((value, n) => ({ n, value })),
        (d) => d.n,
      )
      .join((enter) =>
        enter
          .append("circle")
          .attr("r", 5)
          .attr("fill", palette.black)
          .attr("stroke", "#ffffff")
          .attr("tabindex", 0)
          .attr("role", "slider")
          .style("cursor", "ns-resize")
          .style("touch-action", "none")
          .call(drag)
          .on("keydown", (event, d) => {
            const step = stepOf(view.scale.domain());
            const by = { ArrowUp: step, ArrowDown: -step, PageUp: 10 * step, PageDown: -10 * step }[event.key];
            if (!by) return;
            event.preventDefault();
            view.move(d.n, d.value + by);
          }),
      )
      .attr("cx", (d) => x(d.n))
      .attr("cy", (d) => y(d.value))
      .attr("aria-label", (d) => `term x_${d.n}`)
      .attr("aria-valuenow", (d) => Number(d.value.toPrecision(4)))
      .on("pointerenter", (event, d) => act.tip(event, `${term(d.n)} = ${number(d.value, 4)}`))
      .on("pointerleave", () => act.tip());
  }

  return { draw };
}

// What an arrow key adds to a term: about a hundredth of what the axis spans.
const stepOf = ([low, high]) => 10 ** Math.floor(Math.log10(high - low)) / 20;

// The numbers at the chosen position, in one line.
export function sentence(state, result) {
  const { position: n, coordinate } = state,
    next = `x${subscripts(n + 1)}`;
  const value = (rows) => number(rows[n][coordinate], 4),
    target = result.terms[n + 1];
  const parts = [`model ${value(result.whole.predictions)}`];
  if (result.replaced) parts.push(`with the intervention ${value(result.replaced.predictions)}`);
  parts.push(`copying ${value(result.copying)}`, `Bayes-optimal ${value(result.bayes)}`);
  return `Having seen x₀ … x${subscripts(n)}, ${next} is ${target ? number(target[coordinate], 4) : "not given"}. Predicted: ${parts.join(", ")}.`;
}
