// The overview, live: hears the feed, asks again for what it missed, and looks up the figures while the feed is away.
"use strict";

const POLL_MILLISECONDS = 5000;
const REFRESH_MILLISECONDS = 2000;
const SILENCE_MILLISECONDS = 15000;
const RESUME_MILLISECONDS = 1000;
const MOST_ROWS = 12;
const MOST_PAUSE_MILLISECONDS = 15000;
// Codes with which the server says that trying again is no use.
const NOT_LOGGED_IN = 4401;
const NOT_ALLOWED = 4403;

const live = document.getElementById("live");
const stateText = document.getElementById("live-state");
const ticker = document.getElementById("ticker");
const isToday = live.dataset.today === "yes";

let socket = null;
let lastSeq = null;
let isGreeted = false;
let resumedAt = 0;
let pauseMilliseconds = 1000;
let heardAt = 0;
let poll = null;
let refresh = null;

function say(state, text) {
  live.dataset.state = state;
  if (stateText.textContent !== text) {
    stateText.textContent = text;
  }
}

// --- The feed ---

function connect() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  socket = new WebSocket(`${scheme}//${location.host}${live.dataset.socket}`, ["casino.v1"]);
  isGreeted = false;
  resumedAt = 0;
  heardAt = Date.now();
  socket.addEventListener("message", (event) => hear(JSON.parse(event.data)));
  socket.addEventListener("close", (event) => lost(event.code));
}

// What came after lastSeq is sent again, or a snapshot where that is not there any more.
function resume() {
  if (Date.now() - resumedAt > RESUME_MILLISECONDS) {
    resumedAt = Date.now();
    socket.send(JSON.stringify({ type: "resume", last_seq: lastSeq }));
  }
}

function lost(code) {
  if (code === NOT_LOGGED_IN || code === NOT_ALLOWED) {
    stopPolling();
    say("off", code === NOT_LOGGED_IN ? "Logged out" : "Not allowed");
    return;
  }
  startPolling();
  setTimeout(connect, pauseMilliseconds);
  pauseMilliseconds = Math.min(pauseMilliseconds * 2, MOST_PAUSE_MILLISECONDS);
}

function hear(message) {
  heardAt = Date.now();
  if (message.type === "snapshot") {
    greet(message.seq);
  } else if (message.type === "heartbeat") {
    if (lastSeq !== null && message.seq > lastSeq) {
      resume();
    }
  } else if (message.seq === lastSeq + 1) {
    lastSeq = message.seq;
    tell(message);
  } else if (message.seq > lastSeq) {
    // Something lies between; this message comes again, after it.
    resume();
  }
}

// A connection begins with a snapshot; who was here before first asks for what they missed.
function greet(seq) {
  const isBack = !isGreeted && lastSeq !== null && lastSeq < seq;
  isGreeted = true;
  stopPolling();
  pauseMilliseconds = 1000;
  say("live", "Live");
  refreshSoon();
  if (isBack) {
    resume();
  } else {
    lastSeq = seq;
  }
}

// A connection that says nothing, not even its heartbeat, is dead though nobody has closed it.
setInterval(() => {
  if (socket !== null && socket.readyState === WebSocket.OPEN && Date.now() - heardAt > SILENCE_MILLISECONDS) {
    socket.close();
  }
}, 1000);

// --- What it says ---

function tell(message) {
  const data = message.data;
  if (message.type === "figures.updated") {
    if (isToday) {
      showFigures(data);
    }
    refreshSoon();
  } else if (message.type === "bet.settled") {
    addRow(data.id, message.at, "bet", data.player.username, data.wager, data.currency, `${data.game.slug} → ${data.win}`);
  } else if (message.type === "deposit.updated" || message.type === "withdrawal.updated") {
    addRow(data.id, message.at, message.type.split(".")[0], data.player.username, data.amount, data.currency, data.status);
    refreshSoon();
  } else if (message.type === "jackpot.won") {
    addRow(null, message.at, "jackpot", data.level, data.amount, data.currency, data.group);
  } else if (message.type === "alert.raised") {
    addRow(data.id, message.at, "alert", data.subject, "", "", data.severity);
  }
}

function showFigures(figures) {
  const section = document.querySelector(`[data-operator="${CSS.escape(figures.operator)}"]`);
  if (section === null) {
    return;
  }
  put(section, "data-card", "ggr", grouped(figures.ggr));
  put(section, "data-card", "wagers", grouped(figures.wagers));
  put(section, "data-note", "wagers", `${figures.bets.toLocaleString("en")} bets`);
  put(section, "data-card", "rtp", figures.rtp === null ? "–" : figures.rtp);
}

// Amounts are decimal text; only the separators are added, so no digit is ever rounded.
function grouped(amount) {
  const [whole, places] = amount.split(".");
  return `${whole.replace(/\B(?=(\d{3})+$)/g, ",")}.${places}`;
}

function put(section, attribute, name, text) {
  const found = section.querySelector(`[${attribute}="${name}"]`);
  if (found !== null && found.textContent !== text) {
    found.textContent = text;
    found.classList.remove("fresh");
    // Reading a size makes the browser begin the animation anew.
    void found.offsetWidth;
    found.classList.add("fresh");
  }
}

function addRow(id, at, kind, who, amount, currency, note) {
  ticker.querySelector(".empty")?.remove();
  const row = document.createElement("li");
  row.className = "fresh";
  if (id !== null) {
    ticker.querySelector(`[data-row="${CSS.escape(id)}"]`)?.remove();
    row.dataset.row = id;
  }
  const parts = [
    ["time", at.slice(11, 19), ""],
    ["b", kind, ""],
    ["span", who, ""],
    ["span", `${amount} ${currency}`, "number"],
    ["span", note, "quiet"],
  ];
  for (const [tag, text, style] of parts) {
    const part = document.createElement(tag);
    part.textContent = text;
    part.className = style;
    row.append(part, " ");
  }
  ticker.prepend(row);
  while (ticker.children.length > MOST_ROWS) {
    ticker.lastElementChild.remove();
  }
}

// --- The figures as JSON ---

async function lookUp() {
  const answer = await fetch(live.dataset.figures, { headers: { Accept: "application/json" } });
  if (!answer.ok || answer.redirected) {
    throw new Error(`the figures answer ${answer.status}`);
  }
  const { cards } = await answer.json();
  for (const [operator, figures] of Object.entries(cards)) {
    const section = document.querySelector(`[data-operator="${CSS.escape(operator)}"]`);
    for (const [name, { value, note }] of section === null ? [] : Object.entries(figures)) {
      put(section, "data-card", name, value);
      put(section, "data-note", name, note);
    }
  }
}

// The feed carries the figures of play; the rest is looked up, once for many news.
function refreshSoon() {
  if (refresh === null) {
    refresh = setTimeout(() => {
      refresh = null;
      lookUp().catch(() => {});
    }, REFRESH_MILLISECONDS);
  }
}

function startPolling() {
  if (poll !== null) {
    return;
  }
  say("polling", "Reconnecting; figures every 5 s");
  poll = setInterval(() => {
    lookUp().catch(() => say("off", "No connection"));
  }, POLL_MILLISECONDS);
}

function stopPolling() {
  clearInterval(poll);
  poll = null;
}

say("off", "Connecting…");
connect();
