// The curves: chat, viewers and mood one above the other on one clock, with what is expected behind them.

import { byId, number } from "./lists.js";

const LONG_MS = 55 * 60000; // from here on the next half hour is shown, before only the next quarter

let drawn = "";

export function loadPlotly(then) {
  const script = document.createElement("script");
  script.src = "/plotly.js";
  script.onload = then;
  document.head.append(script);
}

// Plotly shows UTC as it is given; what is given here is the streamer's own time.
const local = (at) => {
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, -1);
};

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Messages of the next h minutes as a rate, from the rate of now on.
function ratesAhead(state, longest) {
  if (state.predictions?.status !== "ok") return [];
  const end = Date.parse(state.predictions.horizons["5"].ds) - 5 * 60000;
  return Object.entries(state.predictions.horizons)
    .map(([minutes, point]) => [Number(minutes), point])
    .filter(([minutes]) => minutes <= longest)
    .sort((one, other) => one[0] - other[0])
    .map(([minutes, point]) => ({
      at: new Date(end + minutes * 60000).toISOString(),
      low: point.yhat_lower / minutes, middle: point.yhat / minutes, high: point.yhat_upper / minutes,
    }));
}

function viewersAhead(state, last, longest) {
  const until = Date.parse(last) + longest * 60000;
  return (state.viewer_forecast?.forecasts ?? [])
    .filter((point) => Date.parse(point.ds) > Date.parse(last) && Date.parse(point.ds) <= until)
    .map((point) => ({ at: point.ds, low: Math.max(0, point.yhat_lower), middle: point.yhat, high: point.yhat_upper }));
}

function band(points, from, yaxis, shade, ink) {
  if (!points.length || from.value === undefined || from.value === null) return [];
  const x = [local(from.at), ...points.map((point) => local(point.at))];
  const row = (name) => [from.value, ...points.map((point) => point[name])];
  const base = { x, yaxis, mode: "lines", hoverinfo: "skip", showlegend: false };
  return [
    { ...base, y: row("high"), line: { width: 0 } },
    { ...base, y: row("low"), line: { width: 0 }, fill: "tonexty", fillcolor: shade },
    { ...base, y: row("middle"), line: { color: ink, dash: "dot", width: 2 } },
  ];
}

export function drawChart(state, hideViewers) {
  const series = state.series ?? {};
  const x = series.at ?? [];
  const key = JSON.stringify([x.at(-1), x.length, state.predictions, state.viewer_forecast, hideViewers,
    state.moments?.length, state.alerts?.length, color("--page"), byId("chart").clientWidth, byId("chart").clientHeight]);
  if (!x.length || key === drawn || !window.Plotly) return;
  drawn = key;
  const last = x.at(-1);
  const longest = Date.parse(last) - Date.parse(x[0]) >= LONG_MS ? 30 : 15;
  const times = x.map(local);
  const end = (values) => ({ at: last, value: values?.at(-1) });
  const rates = ratesAhead(state, longest);
  const viewers = hideViewers ? [] : viewersAhead(state, last, longest);
  const [chat, watch, mood] = [color("--chat"), color("--watch"), color("--good")];
  const line = (name, y, yaxis, ink, extra) =>
    ({ x: times, y, name, yaxis, mode: "lines", line: { color: ink, width: 2.5 }, showlegend: false, ...extra });
  const scales = {
    step: every(x[0], rates.at(-1)?.at ?? last),
    viewers: around([...(series.viewers ?? []), ...viewers.flatMap((point) => [point.low, point.high])]),
  };
  const traces = [
    ...band(rates, end(series.messages_per_minute), "y", color("--chat-shade"), chat),
    line("messages a minute", series.messages_per_minute, "y", chat, { hovertemplate: "%{y:.0f} a minute<extra></extra>" }),
    ...(hideViewers ? [] : band(viewers, end(series.viewers), "y2", color("--watch-shade"), watch)),
    ...(hideViewers ? [] : [line("viewers", series.viewers, "y2", watch, { hovertemplate: "%{y:.0f} viewers<extra></extra>" })]),
    line("mood", series.mood, "y3", mood, { hovertemplate: "mood %{y:.2f}<extra></extra>" }),
    ...marks(state, x[0], last),
  ];
  Plotly.react("chart", traces, layout(hideViewers, mood, watch, chat, scales), { displayModeBar: false, responsive: true });
  describe(state, rates, viewers, hideViewers);
}

// Stars and flags say that something was; what it was stands in the list, as text.
function marks(state, first, last) {
  const within = (found) => found.at >= first && found.at <= last;
  const mark = (found, symbol, ink, name) => ({
    x: found.map((one) => local(one.at)), y: found.map(() => 1), yaxis: "y4", mode: "markers", name,
    marker: { symbol, size: 13, color: ink, line: { width: 1, color: color("--card") } },
    showlegend: false, hovertemplate: `${name}<extra></extra>`,
  });
  return [
    mark((state.moments ?? []).filter(within), "star", color("--warm"), "a moment"),
    mark((state.alerts ?? []).filter(within), "triangle-down", color("--bad"), "an alert"),
  ];
}

// Ticks on whole minutes, few enough to be read from afar.
function every(first, last) {
  const minutes = (Date.parse(last) - Date.parse(first)) / 60000;
  return 60000 * ([1, 2, 5, 10, 15].find((step) => minutes / step <= 7) ?? 20);
}

// A few viewers more or less are not drawn as a cliff.
function around(values) {
  const known = values.filter((value) => typeof value === "number");
  return known.length ? [0.92 * Math.min(...known), 1.08 * Math.max(...known) + 1] : [0, 1];
}

function layout(hideViewers, mood, watch, chat, { step, viewers }) {
  const [ink, grid] = [color("--soft"), color("--line")];
  const axis = (domain, extra) => ({ domain, gridcolor: grid, zeroline: false, fixedrange: true, nticks: 4, rangemode: "tozero", ...extra });
  const title = (text, y, ink) => ({ text, x: 0, y, xref: "paper", yref: "paper", xanchor: "left", yanchor: "bottom", showarrow: false, font: { size: 13, color: ink } });
  const rate = hideViewers ? [0.42, 0.84] : [0.56, 0.84];
  return {
    margin: { l: 40, r: 10, t: 4, b: 26 }, height: byId("chart").clientHeight || 330, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: ink, size: 13, family: "system-ui, sans-serif" }, hovermode: "x",
    xaxis: { type: "date", gridcolor: grid, anchor: "y3", fixedrange: true, tickformat: "%H:%M", dtick: step },
    yaxis: axis(rate),
    yaxis2: axis([0.28, 0.47], { range: viewers, nticks: 3, visible: !hideViewers }),
    yaxis3: axis([0, hideViewers ? 0.3 : 0.2], { range: [0, 1], tickvals: [0.15, 0.5, 0.85], ticktext: ["low", "mid", "high"] }),
    yaxis4: { domain: [0.94, 1], range: [0, 2], visible: false, fixedrange: true },
    annotations: [
      title("messages a minute", rate[1], chat),
      ...(hideViewers ? [] : [title("viewers", 0.47, watch)]),
      title("mood of chat", hideViewers ? 0.3 : 0.2, mood),
    ],
  };
}

function describe(state, rates, viewers, hideViewers) {
  const now = state.current_metrics ?? {};
  const parts = [`Now ${number(now.messages_per_minute)} messages a minute`];
  if (!hideViewers && now.viewer_count !== undefined) parts.push(`${number(now.viewer_count)} viewers`);
  if (rates.length) parts.push(`expected ${number(rates[0].low)} to ${number(rates[0].high)} a minute in the next five`);
  byId("chart").setAttribute("aria-label", `Curves of chat, viewers and mood. ${parts.join(", ")}.`);
  const notes = [];
  if (rates.length) notes.push(`Shaded: where the average from now until then lies in four of five cases, by the ${state.predictions.model}.`);
  else notes.push(`No forecast of chat yet (${state.predictions?.reason ?? "too early"}).`);
  if (!hideViewers && !viewers.length && state.viewer_forecast?.reason) notes.push(`No forecast of viewers yet (${state.viewer_forecast.reason}).`);
  byId("chart-note").textContent = notes.join(" ");
}
