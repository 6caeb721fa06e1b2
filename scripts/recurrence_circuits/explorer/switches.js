// The switches of the interventions: one row per layer, two buttons per component, and the groups.

import { KINDS, headName, mlpName, namesOfLayer } from "./components.js";

const SIGN = { zero: "0", mean: "mean" };

function button(text, label, onclick) {
  const made = Object.assign(document.createElement("button"), { type: "button", textContent: text, onclick });
  made.setAttribute("aria-label", label);
  return made;
}

export function makeSwitches(manifest, act) {
  const settings = manifest.model,
    updates = [];

  // Two buttons that replace all of `names` by zero or mean; a second press gives them back.
  function pair(label, names, told = label) {
    const cell = Object.assign(document.createElement("div"), { className: "switch" });
    const buttons = KINDS.map((kind) =>
      button(SIGN[kind], `${told}: replace by ${kind}`, () => {
        const replaced = { ...act.state().replaced },
          chosen = names();
        const on = chosen.every((name) => replaced[name] === kind);
        for (const name of chosen) {
          if (on) delete replaced[name];
          else replaced[name] = kind;
        }
        act.set({ replaced });
      }),
    );
    cell.append(Object.assign(document.createElement("span"), { textContent: label }), ...buttons);
    updates.push((state) =>
      buttons.forEach((made, i) => {
        const chosen = names();
        made.disabled = chosen.length === 0;
        made.setAttribute(
          "aria-pressed",
          chosen.length > 0 && chosen.every((name) => state.replaced[name] === KINDS[i]),
        );
      }),
    );
    return cell;
  }

  const rows = [...Array(settings.n_layers).keys()].reverse().map((layer) => {
    const row = Object.assign(document.createElement("div"), { className: "layer" });
    const heads = [...Array(settings.n_heads).keys()].map((head) => headName(layer, head));
    row.append(...heads.map((name) => pair(name, () => [name])));
    if (!settings.attention_only) row.append(pair("MLP", () => [mlpName(layer)], `MLP of layer ${layer}`));
    row.append(pair(`layer ${layer}`, () => namesOfLayer(settings, layer)));
    return row;
  });
  document.getElementById("switches").replaceChildren(...rows);
  const negative = () => manifest.negative[act.state().seed] ?? [];
  const none = button("none", "none: bring everything back", () => act.set({ replaced: {} }));
  none.id = "none";
  const group = pair("negative heads", negative),
    told = document.createElement("p");
  group.id = "negative";
  document.getElementById("groups").replaceChildren(group, none, told);
  told.className = "soft";
  updates.push((state) => {
    const heads = negative();
    none.disabled = Object.keys(state.replaced).length === 0;
    told.textContent = heads.length
      ? `Negative in seed ${state.seed}, by the analysis of its trained model: ${heads.join(", ")}.`
      : `The analysis found no negative head in seed ${state.seed}.`;
  });
  return (state) => updates.forEach((update) => update(state));
}
