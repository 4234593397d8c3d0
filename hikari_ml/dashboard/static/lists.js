// Making and keeping up elements. Chat is hostile: what it says only ever becomes text.

export const byId = (id) => document.getElementById(id);

// No script needs more than four marks on a letter; piled up they would cover the lines around them. Marks that
// turn the writing direction around could make a line read as what nobody said: right-to-left scripts need none.
export const calm = (text) => text.replace(/(\p{M}{4})\p{M}+/gu, "$1").replace(/[\u202a-\u202e\u2066-\u2069]/g, "");

export function element(tag, className, ...inside) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  for (const part of inside) if (part !== undefined && part !== null) made.append(typeof part === "string" ? calm(part) : part);
  return made;
}

export function say(id, text) {
  const shown = byId(id);
  const calmed = calm(String(text));
  if (shown.textContent !== calmed) shown.textContent = calmed;
}

export const number = (value, digits = 0) =>
  value === undefined || value === null ? "–" : value.toLocaleString("en", { maximumFractionDigits: digits });

export function span(seconds) {
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} days`;
}

export function timeCode(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value) => String(value).padStart(2, "0");
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

// An age that tick() keeps right.
export function age(at) {
  const made = element("time", "age");
  made.dateTime = at;
  return made;
}

export function tick(now) {
  for (const shown of document.querySelectorAll("time.age")) {
    const text = `${span((now - Date.parse(shown.dateTime)) / 1000)} ago`;
    if (shown.textContent !== text) shown.textContent = text;
  }
}

// Rows that stay are not touched, so that focus, selection and scrolling stay as well.
export function keep(id, items, keyOf, make) {
  const list = byId(id);
  const known = new Map([...list.children].map((row) => [row.dataset.key, row]));
  let place = list.firstElementChild;
  const times = new Map();
  for (const item of items) {
    const plain = String(keyOf(item));
    times.set(plain, (times.get(plain) ?? 0) + 1);
    const key = `${plain} ${times.get(plain)}`; // what is said twice in a moment is two rows
    let row = known.get(key);
    if (row === undefined) {
      row = make(item);
      row.dataset.key = key;
    }
    known.delete(key);
    if (row === place) place = place.nextElementSibling;
    else list.insertBefore(row, place);
  }
  for (const gone of known.values()) gone.remove();
  const empty = byId(`${id}-empty`);
  if (empty) empty.hidden = items.length > 0;
}

// Bars are [name, width 0 to 1, what stands beside it].
export function bars(id, rows) {
  const text = JSON.stringify(rows);
  const box = byId(id);
  if (box.dataset.shown === text) return;
  box.dataset.shown = text;
  box.replaceChildren(...rows.map(([name, width, beside]) => {
    const fill = element("span", "fill");
    fill.style.width = `${100 * Math.min(1, width)}%`;
    fill.dataset.name = name;
    return element("div", "bar", element("bdi", "label", name), element("span", "track", fill), element("span", "value", beside));
  }));
  byId(`${id}-empty`).hidden = rows.length > 0;
}

// What somebody wrote, in the direction of its own script and without touching that of what stands beside it.
export const said = (text) => element("bdi", "", text);

// Everybody keeps a colour, the same one every evening.
export function who(username) {
  const made = element("bdi", "name", username);
  let hash = 0;
  for (const letter of username.toLowerCase()) hash = (hash * 31 + letter.codePointAt(0)) % 360;
  made.style.setProperty("--hue", hash);
  return made;
}
