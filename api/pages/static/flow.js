// The flow of value at risk, one picture a currency.

import { color, faint, loadPlotly } from "./plotly.js";
import { ask, money, sells, sentence } from "./service.js";

const INKS = { supplier: "stock", item: "bar", category: "bar", site: "fan", customers: "danger" };
const FILTERS = new Set(["supplier", "category", "site"]);
const dark = matchMedia("(prefers-color-scheme: dark)");

const LONGEST = 28; // letters of a label, beyond which it would run over the next column
const ROOM = 700; // pixels of a picture, below which there is none for names

function named({ kind, code }, labels) {
  if (kind === "customers") return labels.customers;
  const name = kind === "item" ? labels.items[code] : undefined;
  const label = name === undefined ? code || "—" : `${code} · ${name}`;
  return label.length > LONGEST ? `${label.slice(0, LONGEST - 1)}…` : label;
}

function picture(told, currency, labels, width) {
  const items = width < ROOM ? {} : labels.items;
  const nodes = told.nodes.filter((node) => node.currency === currency);
  const edges = told.edges.filter((edge) => edge.currency === currency);
  const place = new Map(nodes.map((node, index) => [node.node, index]));
  const shown = (value) => money(value, currency);
  return {
    nodes,
    trace: {
      type: "sankey",
      arrangement: "fixed",
      node: {
        label: nodes.map((node) => named(node, { ...labels, items })),
        color: nodes.map((node) => color(INKS[node.kind])),
        customdata: nodes.map((node) => shown(node.value)),
        hovertemplate: "%{label}: %{customdata}<extra></extra>",
        pad: 10,
        thickness: 12,
        line: { width: 0 },
      },
      link: {
        source: edges.map((edge) => place.get(edge.from_node)),
        target: edges.map((edge) => place.get(edge.to_node)),
        value: edges.map((edge) => edge.value),
        color: faint(color("fan"), 0.25),
        customdata: edges.map((edge) => shown(edge.value)),
        hovertemplate: "%{source.label} → %{target.label}: %{customdata}<extra></extra>",
      },
    },
  };
}

for (const place of document.querySelectorAll("[data-flow]")) {
  try {
    const [plotly, told] = await Promise.all([
      loadPlotly(place.dataset.plotly),
      ask(place.dataset.flow).then((answer) => answer.json()),
    ]);
    const { currency, labels } = place.dataset;
    const draw = () => {
      const { trace } = picture(told, currency, JSON.parse(labels), place.clientWidth);
      const font = { family: getComputedStyle(document.body).fontFamily, size: 12, color: color("ink") };
      const layout = { font, paper_bgcolor: "rgba(0,0,0,0)", margin: { l: 8, r: 8, t: 12, b: 12 } };
      return plotly.react(place, [trace], layout, { displayModeBar: false, responsive: true });
    };
    place.replaceChildren();
    await draw();
    const { nodes } = picture(told, currency, JSON.parse(labels), place.clientWidth);
    place.on("plotly_click", ({ points: [point] }) => {
      const node = nodes[point.pointNumber];
      if (point.label === undefined || !FILTERS.has(node?.kind) || !node.code) return;
      if (node.kind === "site" && !sells(told, node.code)) return;
      location.assign(`/flow?${new URLSearchParams({ [node.kind]: node.code })}`);
    });
    dark.addEventListener("change", draw);
    place.dataset.drawn = "yes";
  } catch (error) {
    place.textContent = sentence(error);
    place.dataset.drawn = "no";
  }
}
