// What the streamer chose for this browser: theme, big chat, hidden viewer count, what was seen.

import { byId } from "./lists.js";

const SEEN_KEPT = 500;

function stored(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(`hikari.${name}`)) ?? otherwise;
  } catch {
    return otherwise; // storage is refused, or holds something else
  }
}

function store(name, value) {
  try {
    localStorage.setItem(`hikari.${name}`, JSON.stringify(value));
  } catch {
    // private windows may refuse; the switch works until the page is closed
  }
}

const root = document.documentElement;
let seen = stored("seen", []);
if (!Array.isArray(seen)) seen = [];

export function wire(changed) {
  for (const [id, name] of [["big", "big"], ["hide-viewers", "hideViewers"]]) {
    const button = byId(id);
    const apply = (on) => {
      button.setAttribute("aria-pressed", on);
      root.dataset[name] = on;
    };
    apply(stored(name, false) === true);
    button.addEventListener("click", () => {
      const on = root.dataset[name] !== "true";
      apply(on);
      store(name, on);
      changed();
    });
  }
  if (new URLSearchParams(location.search).get("viewers") === "hide") root.dataset.hideViewers = true;
  wireTheme(changed);
}

function wireTheme(changed) {
  const theme = byId("theme");
  const system = matchMedia("(prefers-color-scheme: light)");
  const apply = () => {
    const ofSystem = system.matches ? "light" : "dark";
    root.dataset.theme = theme.value === "auto" ? ofSystem : theme.value;
    changed();
  };
  const chosen = stored("theme", "auto");
  theme.value = ["auto", "dark", "light"].includes(chosen) ? chosen : "auto";
  apply();
  theme.addEventListener("change", () => {
    store("theme", theme.value);
    apply();
  });
  system.addEventListener("change", apply);
}

export const hidesViewers = () => root.dataset.hideViewers === "true";

export const isSeen = (key) => seen.includes(key);

export function markSeen(keys) {
  seen = [...seen, ...keys].slice(-SEEN_KEPT);
  store("seen", seen);
}
