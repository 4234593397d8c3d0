// The connection: hello, snapshot, merge patches, resume, and trying again. Knows nothing of the page.

const FIRST_WAIT = 500;
const LONGEST_WAIT = 8000;
const SILENT_MS = 30000; // a live feed is never silent for so long: the connection is dead
const WRONG_TOKEN = 4401;
const AGAIN_AFTER = { 4400: 60000, 4404: 4000, 4429: 60000 }; // ms at least, by why the server hung up
const TOKEN = "hikari.token";

// RFC 7396: null removes, objects merge, everything else replaces.
export function patched(target, patch) {
  const result = { ...target };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else if (isObject(value)) result[name] = patched(isObject(result[name]) ? result[name] : {}, value);
    else result[name] = value;
  }
  return result;
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

// The token of the address (#token=...) is kept for this tab, and taken out of what the screen shows.
export function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given !== null) {
    keepToken(given);
    history.replaceState(null, "", location.pathname + location.search);
  }
}

export const keepToken = (token) => sessionStorage.setItem(TOKEN, token);

export class Feed {
  // onState(state), onEvent(name, data), onStatus(kind, why): "live", "lost" with the code, or "token".
  constructor({ channel, onState, onEvent, onStatus }) {
    Object.assign(this, { channel, onState, onEvent, onStatus });
    this.state = {};
    this.wait = FIRST_WAIT;
    this.heardAt = performance.now();
    setInterval(() => this.check(), 5000);
  }

  connect() {
    clearTimeout(this.timer);
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/feed`, "hikari.v1.json");
    this.socket = socket;
    socket.onopen = () => {
      this.heardAt = performance.now();
      socket.send(JSON.stringify({
        type: "hello", epoch: this.epoch, seq: this.seq, channel: this.channel,
        token: sessionStorage.getItem(TOKEN) ?? undefined,
      }));
    };
    socket.onmessage = (message) => this.receive(JSON.parse(message.data));
    socket.onclose = (closed) => {
      if (this.socket !== socket) return;
      if (closed.code === WRONG_TOKEN) {
        this.onStatus("token", sessionStorage.getItem(TOKEN) !== null);
        return;
      }
      this.onStatus("lost", closed.code);
      const wait = Math.max(this.wait, AGAIN_AFTER[closed.code] ?? 0);
      this.timer = setTimeout(() => this.connect(), wait * (1 + 0.4 * Math.random()));
      this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
    };
  }

  receive(frame) {
    this.wait = FIRST_WAIT;
    this.heardAt = performance.now();
    if (frame.type === "snapshot") this.state = frame.data;
    else if (frame.type !== "resumed" && frame.seq !== this.seq + 1) {
      if (this.seq !== undefined) this.socket.send(JSON.stringify({ type: "snapshot" }));
      this.seq = undefined; // a hole: what comes is of no use until the snapshot
      return;
    } else if (frame.type === "delta") this.state = patched(this.state, frame.data);
    else if (frame.type === "event") this.onEvent(frame.event, frame.data);
    ({ epoch: this.epoch, seq: this.seq } = frame);
    this.onStatus("live");
    this.onState(this.state);
  }

  // A connection that only seems open says nothing any more: leave it, and do not wait for its goodbye.
  check() {
    if (this.socket?.readyState !== WebSocket.OPEN || this.silence() < SILENT_MS) return;
    const dead = this.socket;
    this.socket = undefined;
    dead.close();
    this.onStatus("lost");
    this.connect();
  }

  silence() {
    return performance.now() - this.heardAt;
  }
}
