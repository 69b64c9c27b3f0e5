// Sites as points where they are, as large as what is at risk there; no map is fetched from anywhere.

import { color, faint, loadPlotly } from "./plotly.js";
import { ask, money, sells, sentence } from "./service.js";

const LEAST = 9; // pixels across of a site without risk
const MOST = 54; // of the one with the most
const dark = matchMedia("(prefers-color-scheme: dark)");
const code = (node) => node.slice("site:".length);
const isSite = (node) => node.startsWith("site:");

function picture(told, currency, labels) {
  const value = new Map(told.nodes.filter((node) => node.kind === "site" && node.currency === currency).map((node) => [node.code, node.value]));
  const at = new Map(told.places.map((place) => [place.site, place]));
  const most = Math.max(...value.values(), 0);
  const size = ({ site }) => (value.get(site) ? LEAST + (MOST - LEAST) * Math.sqrt(value.get(site) / most) : LEAST);
  const ways = told.edges.filter((edge) => edge.currency === currency && isSite(edge.from_node) && isSite(edge.to_node));
  const ends = ways.map((edge) => [at.get(code(edge.from_node)), at.get(code(edge.to_node))]).filter(([from, to]) => from && to);
  const ships = new Set(ways.map((edge) => code(edge.from_node)));
  return [
    {
      type: "scatter",
      mode: "lines",
      x: ends.flatMap(([from, to]) => [from.longitude, to.longitude, null]),
      y: ends.flatMap(([from, to]) => [from.latitude, to.latitude, null]),
      line: { color: faint(color("fan"), 0.35), width: 1.5 },
      hoverinfo: "skip",
    },
    {
      type: "scatter",
      mode: "markers+text",
      x: told.places.map((place) => place.longitude),
      y: told.places.map((place) => place.latitude),
      text: told.places.map((place) => place.site),
      textposition: told.places.map(({ site }) => (ships.has(site) ? "bottom center" : "top center")),
      cliponaxis: false,
      customdata: told.places.map(({ site }) => (value.get(site) ? money(value.get(site), currency) : labels.calm)),
      hovertemplate: "%{text}: %{customdata}<extra></extra>",
      marker: {
        size: told.places.map(size),
        color: told.places.map(({ site }) => (value.get(site) ? faint(color("danger"), 0.55) : color("line"))),
        line: { color: told.places.map(({ site }) => color(value.get(site) ? "danger" : "mute")), width: 1 },
      },
    },
  ];
}

function layout(places) {
  const middle = places.reduce((sum, place) => sum + place.latitude, 0) / places.length;
  const axis = { showgrid: false, zeroline: false, showticklabels: false, fixedrange: true };
  return {
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: color("ink") },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 48, r: 48, t: 40, b: 24 },
    showlegend: false,
    hovermode: "closest",
    xaxis: axis,
    yaxis: { ...axis, scaleanchor: "x", scaleratio: 1 / Math.cos((middle * Math.PI) / 180) },
  };
}

for (const place of document.querySelectorAll("[data-places]")) {
  try {
    const [plotly, told] = await Promise.all([
      loadPlotly(place.dataset.plotly),
      ask(place.dataset.places).then((answer) => answer.json()),
    ]);
    const { currency, labels } = place.dataset;
    const draw = () =>
      plotly.react(place, picture(told, currency, JSON.parse(labels)), layout(told.places), { displayModeBar: false, responsive: true });
    place.replaceChildren();
    await draw();
    place.on("plotly_click", ({ points: [point] }) => {
      if (sells(told, point.text)) location.assign(`/flow?${new URLSearchParams({ site: point.text })}`);
    });
    dark.addEventListener("change", draw);
    place.dataset.drawn = "yes";
  } catch (error) {
    place.textContent = sentence(error);
    place.dataset.drawn = "no";
  }
}
