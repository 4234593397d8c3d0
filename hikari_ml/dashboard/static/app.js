// The live page: takes snapshots and merge patches from /feed and draws them. Chat is hostile: nothing it
// says is ever put into the page as markup.
"use strict";

const EMOTION_COLORS = {
  joy: "#f2c14e", surprise: "#4fb3d9", neutral: "#6b7280", sadness: "#5b7be0", fear: "#9a6fe0",
  disgust: "#7fae4c", anger: "#e5484d",
};
const MOODS = [[0.3, "gloomy"], [0.45, "tense"], [0.55, "calm"], [0.65, "good"], [0.8, "cheerful"], [2, "ecstatic"]];
const INK = "#8b93a7";
const GRID = "rgba(139, 147, 167, 0.18)";

let state = {};
let epoch, seq;
let wait = 500;
let drawn = false;
let scheduled = false;

const byId = (id) => document.getElementById(id);

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// RFC 7396: null removes, objects merge, everything else replaces.
function patched(target, patch) {
  const result = { ...target };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else if (typeof value === "object" && !Array.isArray(value)) {
      const known = result[name];
      result[name] = patched(known && typeof known === "object" && !Array.isArray(known) ? known : {}, value);
    } else result[name] = value;
  }
  return result;
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${location.host}/feed`, "hikari.v1.json");
  socket.onopen = () => socket.send(JSON.stringify({ type: "hello", epoch, seq }));
  socket.onmessage = (message) => {
    wait = 500;
    receive(JSON.parse(message.data), socket);
  };
  socket.onclose = () => {
    status("lost", "connection lost, trying again");
    setTimeout(connect, wait);
    wait = Math.min(wait * 2, 8000);
  };
}

function receive(frame, socket) {
  if (frame.type === "snapshot") state = frame.data;
  else if (frame.type !== "resumed" && frame.seq !== seq + 1) {
    epoch = seq = undefined; // a hole: ask for everything again
    socket.close();
    return;
  } else if (frame.type === "delta") state = patched(state, frame.data);
  ({ epoch, seq } = frame);
  status("live", "live");
  if (!scheduled) {
    scheduled = true;
    requestAnimationFrame(() => { scheduled = false; draw(); });
  }
}

function status(kind, text) {
  const shown = byId("status");
  shown.className = `status ${kind}`;
  if (shown.textContent !== text) shown.textContent = text;
}

const number = (value, digits = 0) =>
  value === undefined ? "–" : value.toLocaleString("en", { maximumFractionDigits: digits });
const clock = (at) => new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const mood = (score) => (score === undefined ? "–" : MOODS.find(([limit]) => score < limit)[1]);

function draw() {
  const now = state.current_metrics ?? {};
  byId("channel").textContent = state.channel ?? "Hikari";
  byId("rate").textContent = number(now.messages_per_minute, 1);
  byId("speed").textContent = now.speed ?? "–";
  byId("viewers").textContent = number(now.viewer_count);
  byId("chatters").textContent = number(now.unique_chatters);
  byId("mood").textContent = mood(now.mood);
  byId("feeling").textContent = state.feeling?.dominant ?? "–";
  const ahead = state.predictions?.horizons?.["5"];
  byId("ahead").textContent = ahead ? `${number(ahead.yhat)} (${number(ahead.yhat_lower)} to ${number(ahead.yhat_upper)})` : "too early to say";
  drawChart();
  drawBars("emotions", Object.entries(now.emotions ?? {}).sort((a, b) => b[1] - a[1]), (share) => `${number(100 * share)} %`);
  drawBars("topics", state.topics ?? [], () => "");
  drawLists();
}

function drawChart() {
  const series = state.series ?? {};
  const x = series.at ?? [];
  const line = (name, y, extra) => ({ x, y, name, mode: "lines", ...extra });
  const traces = [
    line("messages a minute", series.messages_per_minute, { fill: "tozeroy", fillcolor: "rgba(91,141,239,.18)", line: { color: "#5b8def" } }),
    line("mood", series.mood, { yaxis: "y2", line: { color: "#2bb673" } }),
    line("viewers", series.viewers, { yaxis: "y3", line: { color: "#b07cf7", dash: "dot" } }),
  ];
  const layout = {
    margin: { l: 44, r: 44, t: 4, b: 40 }, height: 300, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: INK, size: 12 }, legend: { orientation: "h", y: 1.02, yanchor: "bottom" }, hovermode: "x unified",
    xaxis: { gridcolor: GRID, type: "date" }, yaxis: { gridcolor: GRID, rangemode: "tozero" },
    yaxis2: { overlaying: "y", side: "right", range: [0, 1], showgrid: false, tickvals: [0.2, 0.5, 0.8], ticktext: ["low", "neutral", "high"] },
    yaxis3: { overlaying: "y", visible: false, rangemode: "tozero" },
  };
  const config = { displayModeBar: false, responsive: true };
  Plotly[drawn ? "react" : "newPlot"]("chart", traces, layout, config);
  drawn = true;
}

function drawBars(id, rows, label) {
  const top = Math.max(...rows.map(([, value]) => value), 1e-9);
  byId(id).replaceChildren(...rows.slice(0, 8).map(([name, value]) => {
    const bar = element("div", "bar");
    const fill = element("span", "fill");
    fill.style.width = `${(100 * value) / top}%`;
    if (EMOTION_COLORS[name] && id === "emotions") fill.style.background = EMOTION_COLORS[name];
    const track = element("span", "track");
    track.append(fill);
    bar.append(element("span", "label", name), track, element("span", "value", label(value)));
    return bar;
  }));
}

function drawLists() {
  fill("chat", state.chat, (line) => row(line.username, line.text, "", `${tone(line.label)} ${line.toxic ? "toxic" : ""}`));
  const box = byId("chat");
  box.scrollTop = box.scrollHeight;
  fill("toxic", state.toxic, (line) => row(line.username, line.text, clock(line.at), "toxic"), "nothing");
  fill("memories", state.memories, (memory) => row(memory.username, memory.content, memory.reasons.join("; ")), "nothing yet");
  fill("top", state.top_chatters, (who) => row(who.username, `${who.messages} messages`, `engagement ${who.engagement_score.toFixed(2)}`), "nobody yet");
  const seen = [
    ...(state.moments ?? []).map((moment) => ({ at: moment.at, title: "moment", text: moment.reason })),
    ...(state.alerts ?? []).map((alert) => ({ at: alert.at, title: alert.kind.replaceAll("_", " "), text: alert.reason })),
  ].sort((a, b) => b.at.localeCompare(a.at));
  fill("moments", seen.slice(0, 10), (found) => row(found.title, found.text, clock(found.at)), "none yet");
  const advice = state.advice ?? {};
  const shown = advice.tone ? [
    row(advice.username, advice.text, `${advice.tone}: ${advice.reasons.join(", ").replaceAll("_", " ")}`),
  ] : [element("span", "soft", "nobody needs an answer")];
  byId("advice").replaceChildren(...shown);
}

const tone = (label) => (label?.includes("positive") ? "positive" : label?.includes("negative") ? "negative" : "");

function fill(id, items, make, empty) {
  const rows = (items ?? []).map(make);
  byId(id).replaceChildren(...(rows.length || !empty ? rows : [element("li", "soft", empty)]));
}

function row(name, text, note, className) {
  const item = element("li", className?.includes("toxic") ? "toxic" : "");
  const who = element("span", `name ${className?.trim().split(" ")[0] ?? ""}`, name ?? "");
  item.append(who, element("span", "", text));
  if (note) item.append(element("div", "soft", note));
  return item;
}

connect();
