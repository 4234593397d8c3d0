// The live page: follows the feed and draws what it says, at most once a frame.

import { drawChart, loadPlotly } from "./chart.js";
import { drawFace } from "./face.js";
import { Feed, keepToken, takeToken } from "./feed.js";
import { age, bars, byId, calm, element, keep, number, said, say, span, tick, timeCode, who } from "./lists.js";
import { hidesViewers, isSeen, markSeen, wire } from "./switches.js";

const MOODS = [[-0.3, "gloomy"], [-0.12, "tense"], [0.12, "calm"], [0.28, "good"], [0.45, "cheerful"], [2, "ecstatic"]];
const TRENDS = { increasing: " ↗ rising", decreasing: " ↘ falling", steady: "" };
const TONES = {
  enthusiastic: "speak with enthusiasm", supportive: "speak gently", calm: "stay calm", casual: "speak as usual",
};
const LOOKS = {
  joy: "glad", surprise: "surprised", sadness: "gentle", fear: "uneasy", anger: "cross", disgust: "put off", neutral: "at ease",
};
const FEELS = { toxicity: "toxic messages", neutral: "" };
const MILD = 0.35; // a feeling with a smaller share of what is said is called little
const STALE_SECONDS = 10;
const ANNOUNCE_MS = 20000;
const NOT_SERVED = "This channel is not served here at the moment, asking again.";
const LOCKED_OUT = "Too many wrong tokens or messages came from this address: nobody there is heard for a minute or two.";
const HUNG_UP = { 4404: NOT_SERVED, 4410: NOT_SERVED, 4429: LOCKED_OUT };

const query = new URLSearchParams(location.search);
const view = ["chat", "mood", "compact"].includes(query.get("view")) ? query.get("view") : "page";
let state = {};
let heard = performance.now();
let kind = "wait";
let lostAt;
let hungUp;
let scheduled = false;
let announced = -ANNOUNCE_MS;
let pinned = true; // to the newest message, until somebody scrolls away from it

document.documentElement.dataset.view = view;
takeToken();

const feed = new Feed({
  channel: query.get("channel") ?? undefined,
  onState: (news) => {
    state = news;
    heard = performance.now();
    schedule();
  },
  onEvent: announce,
  onStatus: status,
});

function schedule() {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    draw();
  });
}

// The stream's own clock, going on from the last frame.
const now = () => Date.parse(state.timestamp ?? new Date().toISOString()) + performance.now() - heard;

// -- the connection -------------------------------------------------------------------------------

function status(news, why) {
  if (news === "lost" && kind !== "lost") lostAt = performance.now();
  if (news !== "lost") hungUp = undefined;
  else if (why !== undefined) hungUp = HUNG_UP[why];
  kind = news;
  if (news === "token") {
    byId("token-why").textContent = why
      ? "The token was not the right one. It is the setting feed.token of the machine that serves this page."
      : "It is the setting feed.token of the machine that serves this page.";
    if (byId("token-form").hidden) {
      byId("token-form").hidden = false;
      byId("token").focus();
    }
  } else if (news === "live") byId("token-form").hidden = true;
  showStatus();
}

function showStatus() {
  const silent = feed.silence() / 1000;
  const stale = kind === "live" && silent > STALE_SECONDS;
  const shown = stale ? "stale" : kind;
  byId("status").dataset.kind = shown;
  document.documentElement.dataset.connection = shown;
  say("status-text", { live: "live", stale: "silent", lost: "lost", token: "needs a token", wait: "connecting" }[shown]);
  const known = state.timestamp ? `What you see is ${span(silent)} old.` : "Nothing was received yet.";
  const banner = {
    lost: hungUp
      ? `${hungUp} ${known}`
      : `Connection lost ${span((performance.now() - lostAt) / 1000)} ago, trying again. ${known}`,
    stale: `No news from the server. ${known}`,
  }[shown];
  byId("banner").hidden = !banner;
  // A screen reader hears of a loss once; that the seconds pass is only shown.
  if (banner) {
    if (byId("banner").dataset.kind !== shown) byId("banner").setAttribute("aria-live", "polite");
    else byId("banner").setAttribute("aria-live", "off");
    byId("banner").dataset.kind = shown;
    say("banner", banner);
  } else delete byId("banner").dataset.kind;
}

byId("token-form").addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  keepToken(byId("token").value.trim());
  byId("token").value = "";
  byId("token-form").hidden = true;
  feed.connect();
});

// Alerts and moments are read out, but never more than one in twenty seconds.
function announce(name, data) {
  if ((name !== "alert" && name !== "moment") || performance.now() - announced < ANNOUNCE_MS) return;
  announced = performance.now();
  say("announce", `${name}: ${name === "alert" ? alerted(data).reason : data.reason}`);
}

// An alert as it is said here: where viewers are hidden, none of their numbers.
function alerted(one) {
  const shown = hidesViewers() ? one.reason.replace(/^viewer_count is .*?: /, "viewers: ") : one.reason;
  const name = one.kind === "metric" ? "unusual" : one.kind.replaceAll("_", " ");
  return { ...one, name, reason: shown.replace(/^\w+/, (metric) => metric.replaceAll("_", " ")), mark: "▼" };
}

// -- what is shown --------------------------------------------------------------------------------

function draw() {
  drawFacts(state.current_metrics ?? {});
  drawHikari(state.expression ?? {}, state.advice ?? {});
  drawChat();
  if (view === "page") {
    drawChart(state, hidesViewers());
    drawAbout(state.current_metrics ?? {});
    drawMoments();
    drawQueue();
    drawPeople();
    drawDegraded();
  }
  passing();
}

function passing() {
  tick(now());
  showStatus();
  const began = state.started_at;
  say("uptime", began ? `${timeCode((now() - Date.parse(began)) / 1000)} since chat began` : "");
  const metrics = state.current_metrics ?? {};
  if (metrics.viewer_count_at) {
    const old = span((now() - Date.parse(metrics.viewer_count_at)) / 1000);
    say("viewers-age", hidesViewers() ? "hidden on this screen" : metrics.viewer_count === undefined ? `not counted for ${old}` : `counted ${old} ago`);
  }
}

function drawFacts(metrics) {
  say("channel", state.channel ?? "Hikari");
  say("rate", number(metrics.messages_per_minute));
  say("speed", metrics.speed ?? "–");
  say("rate-trend", TRENDS[state.trends?.chat_rate] ?? "");
  say("viewers", hidesViewers() ? "•••" : number(metrics.viewer_count));
  say("chatters", number(metrics.unique_chatters));
  drawMood(state.feeling ?? {}, metrics);
  const ahead = state.predictions?.horizons?.["5"];
  say("ahead", ahead ? `~${number(ahead.yhat)}` : "–");
  say("ahead-unit", ahead ? "messages" : "");
  say("ahead-band", ahead ? `${number(ahead.yhat_lower)} to ${number(ahead.yhat_upper)}, in four of five cases`
    : state.predictions?.reason ?? "too early to say");
}

function drawMood(feeling, metrics) {
  const { valence = 0, dominant = "neutral", intensity = 0 } = feeling;
  const any = metrics.total_messages > 0;
  const word = MOODS.find(([limit]) => valence < limit)[1];
  say("mood", any ? word : "–");
  byId("mood-mark").style.left = `${50 + 50 * Math.max(-1, Math.min(1, 1.4 * valence))}%`;
  byId("mood-scale").setAttribute("aria-label", `mood: ${any ? word : "unknown"}`);
  say("feeling", !any ? "chat has not said anything yet" : dominant === "neutral" ? "no strong feeling" : `chat feels ${intensity < MILD ? "a little " : ""}${dominant}`);
}

function drawHikari(shown, advice) {
  drawFace(byId("face"), shown);
  const { dominant = "neutral", intensity = 0 } = shown;
  say("expression", dominant === "neutral" && shown.tone === "calm" ? "calm" : LOOKS[dominant]);
  const because = shown.because && (FEELS[shown.because] ?? `chat feels ${shown.because}`);
  const tone = TONES[shown.tone] ?? TONES.casual;
  say("expression-why", because ? `${because}: ${tone}` : `no feeling to answer just now: ${tone}`);
  const hotkey = shown.avatar?.hotkey ? `, hotkey ${shown.avatar.hotkey}` : "";
  say("expression-avatar", `avatar: ${dominant}${intensity ? ` ${Math.round(100 * intensity)} %` : ""}${hotkey}`);
  if (byId("advice").dataset.key === String(advice.key)) return;
  const box = byId("advice");
  box.dataset.key = String(advice.key);
  if (advice.key === undefined) {
    box.replaceChildren(element("p", "soft", "Nobody waits for an answer. Questions, strong feelings and running conversations appear here, with the tone to answer in."));
    return;
  }
  const reasons = advice.reasons.join(", ").replaceAll("_", " ");
  box.replaceChildren(
    element("p", "quote", who(advice.username), said(advice.text)),
    element("p", "soft", element("b", "tone", advice.tone), ` ${reasons} · `, age(advice.at)),
  );
}

function drawChat() {
  // What goes out to viewers shows nothing that reads as toxic.
  const lines = (state.chat ?? []).filter((line) => view === "page" || !line.toxic);
  keep("chat", lines, (line) => `${line.at} ${line.key}`, (line) => element(
    "li", line.toxic ? "toxic" : "", line.toxic ? element("span", "tag", "toxic?") : null, who(line.username), said(line.text),
  ));
  if (pinned || view !== "page") toNewest();
}

function toNewest() {
  byId("chat").scrollTop = byId("chat").scrollHeight;
}

function scrolled() {
  const box = byId("chat");
  pinned = box.scrollHeight - box.scrollTop - box.clientHeight < 60;
  byId("newest").hidden = pinned;
}

function drawAbout(metrics) {
  const felt = metrics.total_messages ? Object.entries(metrics.emotions ?? {}) : [];
  bars("emotions", felt.sort((one, other) => other[1] - one[1]).slice(0, 6).map(([name, share]) => [name, share, `${number(100 * share)} %`]));
  bars("topics", (state.topics ?? []).slice(0, 6).map(([name, weight]) => [name, weight, ""]));
  const emotes = state.emotes ?? [];
  bars("emotes", emotes.slice(0, 6).map(([name, lines]) => [name, lines / emotes[0][1], number(lines)]));
}

function drawMoments() {
  const began = Date.parse(state.started_at);
  const code = (at) => // what is of another evening has none
    Date.parse(at) >= began ? [element("b", "code", timeCode((Date.parse(at) - began) / 1000)), " · "] : [];
  const found = [
    ...(state.moments ?? []).map((one) => ({ ...one, name: "moment", mark: "★" })),
    ...(state.alerts ?? []).map(alerted),
  ].sort((one, other) => other.at.localeCompare(one.at)).slice(0, 12);
  keep("moments", found, (one) => `${one.at} ${one.name} ${one.reason}`, (one) => {
    const known = one.decided_at ? (Date.parse(one.decided_at) - Date.parse(one.at)) / 1000 : 0;
    const late = known > 5 ? ` · known ${span(known)} later` : "";
    return element("li", one.mark === "★" ? "moment" : "alert",
      element("span", "mark", one.mark), element("b", "", one.name), element("span", "", ` ${one.reason}`),
      element("div", "soft", ...code(one.at), age(one.at), late));
  });
}

// After a restart in the middle of a stream: the totals go on, and the lists begin anew.
function since() {
  const at = state.listed_since;
  return at ? `since ${new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })}` : "";
}

const queueKey = (line) => `${line.at} ${line.id ?? line.username}`;

function waiting() {
  return (state.toxic ?? []).filter((line) => !isSeen(queueKey(line)));
}

function drawQueue() {
  const lines = waiting();
  const all = (state.toxic_total ?? 0) > 50 ? ` of ${number(state.toxic_total)}${since() ? "" : " tonight"}` : "";
  say("toxic-count", `${lines.length ? `${lines.length}${all} ` : ""}${since()}`.trim());
  byId("all-seen").hidden = lines.length < 2;
  keep("toxic", lines.slice(0, 8), queueKey, (line) => {
    const done = element("button", "seen", "Seen");
    done.type = "button";
    done.setAttribute("aria-label", `Mark the message of ${calm(line.username)} as seen`);
    done.addEventListener("click", () => {
      const next = done.closest("li").nextElementSibling ?? done.closest("li").previousElementSibling;
      markSeen([queueKey(line)]);
      drawQueue();
      (next?.querySelector("button") ?? byId("toxic-title")).focus();
    });
    const inside = element("div", "", who(line.username), said(line.text),
      element("div", "soft", `score ${number(100 * line.score)} of 100 · `, age(line.at)));
    return element("li", "toxic row", inside, done);
  });
}

function drawPeople() {
  const arrivals = state.arrivals ?? {};
  say("arrivals", `${arrivals.new || arrivals.back ? `${arrivals.new ?? 0} new, ${arrivals.back ?? 0} back ` : ""}${since()}`.trim());
  keep("people", (state.people ?? []).slice(0, 5), (one) => `${one.at} ${one.username}`, (one) => {
    const inside = element("div", "", element("span", `tag ${one.kind}`, one.kind === "new" ? "new" : `back after ${number(one.days)} days`),
      who(one.username), said(one.text));
    return element("li", "row", inside, age(one.at));
  });
  keep("memories", (state.memories ?? []).slice(0, 5), (one) => `${one.at} ${one.id ?? one.username} ${one.content}`, (one) => element(
    "li", "", who(one.username), said(one.content),
    element("div", "soft", `${one.reasons.join("; ")} · `, age(one.at)),
  ));
}

function drawDegraded() {
  const reading = state.reading ?? {};
  const parts = [...(state.degraded ?? [])];
  for (const [why, count] of Object.entries(reading.degraded ?? {})) parts.push(`${why} in ${count} of the last ${reading.messages} messages`);
  byId("degraded").hidden = !parts.length;
  if (parts.length) say("degraded", `Read in part: ${parts.join("; ")}`);
}

// -- wiring ---------------------------------------------------------------------------------------

wire(schedule);
byId("toxic-title").tabIndex = -1;
byId("all-seen").addEventListener("click", () => {
  markSeen(waiting().map(queueKey));
  drawQueue();
  byId("toxic-title").focus();
});
byId("chat").addEventListener("scroll", scrolled, { passive: true });
byId("newest").addEventListener("click", () => {
  toNewest();
  byId("chat").focus();
});
addEventListener("resize", schedule);
new ResizeObserver(() => pinned && toNewest()).observe(byId("chat"));
setInterval(passing, 1000);
drawFace(byId("face"), {});
if (view === "page") loadPlotly(schedule);
feed.connect();
