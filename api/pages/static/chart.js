// Sales, demand and stock of one series on one time axis, drawn by Plotly from the service's answer.

import { color, faint, loadPlotly } from "./plotly.js";
import { ask, sentence } from "./service.js";

const LANGUAGE = document.documentElement.lang;
const dark = matchMedia("(prefers-color-scheme: dark)");
const small = matchMedia("(max-width: 700px)");

function speak(plotly) {
  if (LANGUAGE === "en") return; // its own
  const name = (options, day) => new Intl.DateTimeFormat(LANGUAGE, { ...options, timeZone: "UTC" }).format(day);
  const months = [...Array(12).keys()].map((month) => new Date(Date.UTC(2026, month, 1)));
  const days = [...Array(7).keys()].map((day) => new Date(Date.UTC(2026, 10, 22 + day))); // a Sunday first
  plotly.register({
    moduleType: "locale",
    name: LANGUAGE,
    dictionary: {},
    format: {
      days: days.map((day) => name({ weekday: "long" }, day)),
      shortDays: days.map((day) => name({ weekday: "short" }, day)),
      months: months.map((month) => name({ month: "long" }, month)),
      shortMonths: months.map((month) => name({ month: "short" }, month)),
      decimal: ",",
      thousands: "\u202f",
      date: "%d %b %Y",
    },
  });
}

const dayAfter = (day) => new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);

function runsOut(history) {
  const runs = [];
  history.forEach((row, place) => {
    if (row.on_hand === null || row.on_hand > 0) return;
    const end = history[place + 1]?.period_start ?? dayAfter(row.period_start);
    if (runs.at(-1)?.end === row.period_start) runs.at(-1).end = end;
    else runs.push({ start: row.period_start, end });
  });
  return runs;
}

function band(x, low, high, name, share, axis, ink) {
  const line = { width: 0, shape: "linear" };
  const hover = { hoverinfo: "skip", type: "scatter", mode: "lines", line, yaxis: axis };
  return [
    { ...hover, x, y: low, showlegend: false },
    { ...hover, x, y: high, name, fill: "tonexty", fillcolor: faint(ink, share) },
  ];
}

function traces(told, labels) {
  const past = told.history;
  const ahead = Object.values(told.forecasts)[0].slice(0, told.projection.length);
  const days = past.map((row) => row.period_start);
  const coming = ahead.map((row) => row.period_start);
  const level = (name) => ahead.map((row) => row.quantiles[name]);
  const projected = (name) => told.projection.map((row) => row[name]);
  const hover = "%{y:,.1f}";
  const has = (values) => values.some((value) => value > 0);
  const vain = past // periods in which more was wanted than sold
    .map((row) => ({ day: row.period_start, sold: Math.max(row.units ?? 0, 0), wanted: row.demand ?? 0, give: row.demand_sd ?? 0 }))
    .filter((row) => row.wanted > row.sold);
  const of = (value) => vain.map(value);
  const received = past.map((row) => row.receipts);
  return [
    { x: days, y: past.map((row) => row.units), name: labels.units, type: "bar", marker: { color: color("bar") }, yaxis: "y", hovertemplate: hover },
    ...(vain.length ? [{ x: of((row) => row.day), y: of((row) => row.wanted - row.sold), base: of((row) => row.sold), name: labels.missed, type: "bar", marker: { color: faint(color("danger"), 0.6) }, error_y: { type: "data", array: of((row) => row.give), color: color("danger"), thickness: 1, width: 2 }, customdata: of((row) => [row.wanted - row.sold, row.give]), yaxis: "y", hovertemplate: "%{customdata[0]:,.1f} ± %{customdata[1]:,.1f}" }] : []),
    ...band(coming, level("q050"), level("q950"), labels.wide, 0.16, "y", color("fan")),
    ...band(coming, level("q250"), level("q750"), labels.likely, 0.3, "y", color("fan")),
    { x: coming, y: ahead.map((row) => row.mean), name: labels.demand, type: "scatter", mode: "lines", line: { color: color("fan"), width: 2 }, yaxis: "y", hovertemplate: hover },
    ...(has(projected("booked")) ? [{ x: coming, y: projected("booked"), name: labels.booked, type: "bar", marker: { color: faint(color("stock"), 0.55) }, yaxis: "y", hovertemplate: hover }] : []),
    { x: days, y: past.map((row) => row.on_hand), name: labels.on_hand, type: "scatter", mode: "lines", line: { color: color("stock"), width: 1.5, shape: "hv" }, yaxis: "y2", hovertemplate: hover },
    ...band(coming, projected("on_hand_p10"), projected("on_hand_p90"), labels.range, 0.18, "y2", color("stock")),
    { x: coming, y: projected("on_hand_mean"), name: labels.projected, type: "scatter", mode: "lines", line: { color: color("stock"), width: 2, dash: "dot" }, yaxis: "y2", hovertemplate: hover },
    ...(has(received) ? [{ x: days, y: received, name: labels.received, type: "bar", marker: { color: faint(color("arrival"), 0.45) }, yaxis: "y2", hovertemplate: hover }] : []),
    ...(has(projected("arrivals_mean")) ? [{ x: coming, y: projected("arrivals_mean"), name: labels.arrivals, type: "bar", marker: { color: color("arrival") }, yaxis: "y2", hovertemplate: hover }] : []),
  ];
}

function layout(told, labels, { origin, breaks }) {
  const grid = { gridcolor: color("line"), zerolinecolor: color("mute"), fixedrange: true, rangemode: "tozero" };
  const upright = (x, ink, dash) => ({ type: "line", xref: "x", yref: "paper", x0: x, x1: x, y0: 0, y1: 1, line: { color: ink, width: 1.5, dash } });
  const note = (x, text, ink, anchor) => ({ x, y: 1.0, yref: "paper", text, showarrow: false, xanchor: anchor, yanchor: "bottom", font: { color: ink, size: 12 } });
  const out = runsOut(told.history).map(({ start, end }) => ({ type: "rect", xref: "x", yref: "paper", x0: start, x1: end, y0: 0, y1: 1, line: { width: 0 }, fillcolor: faint(color("danger"), 0.16), layer: "below" }));
  const narrow = small.matches;
  const end = dayAfter(origin);
  const last = Object.values(told.forecasts)[0][told.projection.length - 1].period_start;
  const from = told.history[Math.max(0, told.history.length - (narrow ? 28 : 84))]?.period_start;
  return {
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: color("ink") },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: narrow ? 44 : 64, r: 12, t: 24, b: 28 },
    barmode: "overlay",
    bargap: 0.15,
    hovermode: "x unified",
    hoverlabel: { bgcolor: color("card"), bordercolor: color("line"), font: { color: color("ink") } },
    dragmode: "pan",
    showlegend: !narrow,
    legend: { orientation: "h", traceorder: "normal", y: -0.08, yanchor: "top", font: { size: 11 } },
    xaxis: { type: "date", anchor: "y2", range: [from, last], gridcolor: color("line"), tickformat: "%-d %b", hoverformat: "%a %-d %b %Y" },
    yaxis: { ...grid, domain: [0.54, 1], title: { text: narrow ? "" : labels.above, standoff: 8, font: { size: 11, color: color("mute") } } },
    yaxis2: { ...grid, domain: [0, 0.46], title: { text: narrow ? "" : labels.below, standoff: 8, font: { size: 11, color: color("mute") } } },
    shapes: [...out, upright(end, color("mute"), "dot"), ...(breaks ? [upright(breaks, color("danger"), "solid")] : [])],
    annotations: [
      note(end, `${labels.today} `, color("mute"), "right"),
      ...(breaks ? [note(breaks, ` ${labels.breaks}`, color("danger"), "left")] : []),
    ],
  };
}

for (const place of document.querySelectorAll("[data-chart]")) {
  const labels = JSON.parse(place.dataset.labels);
  try {
    const [plotly, told] = await Promise.all([
      loadPlotly(place.dataset.plotly),
      ask(place.dataset.chart).then((answer) => answer.json()),
    ]);
    speak(plotly);
    const draw = () =>
      plotly.react(place, traces(told, labels), layout(told, labels, place.dataset), {
        displayModeBar: false,
        responsive: true,
        locale: LANGUAGE,
        scrollZoom: false,
      });
    place.replaceChildren();
    await draw();
    for (const media of [dark, small]) media.addEventListener("change", draw);
    place.dataset.drawn = "yes";
  } catch (error) {
    place.textContent = sentence(error);
    place.dataset.drawn = "no";
  }
}
