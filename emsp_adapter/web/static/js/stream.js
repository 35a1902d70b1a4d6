// Server-sent events over fetch: EventSource cannot send an access token.

import { request } from "./api.js";

const LONGEST_WAIT = 30_000;
// The server says something every 15 seconds; silence for longer is a dead connection.
const SILENCE = 40_000;

// Calls `told` with the data of each event until `signal`, or until `over` says that no more come;
// `state` hears "live", "waiting" and "over".
export async function follow(path, { signal, told, over, state }) {
  for (let tries = 0; !signal.aborted && !over(); tries += 1) {
    try {
      await once(path, signal, told, () => {
        tries = 0;
        state("live");
      });
    } catch (error) {
      if (signal.aborted) return;
      if (error.final) throw error;
    }
    if (signal.aborted || over()) break;
    state("waiting");
    await pause(Math.min(LONGEST_WAIT, 1000 * 2 ** tries) * (0.75 + Math.random() / 2), signal);
  }
  state("over");
}

async function once(path, signal, told, open) {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE);
  try {
    const answer = await request("GET", path, {
      accept: "text/event-stream",
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (!answer.ok)
      throw Object.assign(new Error(String(answer.status)), { final: answer.status === 404 });
    open();
    const parse = parser(told);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE);
      parse(value);
    }
  } finally {
    clearTimeout(timer);
  }
}

// Takes the stream in pieces of any size and tells the data of each whole event.
export function parser(told) {
  let rest = "";
  let data = [];
  return (piece) => {
    const lines = (rest + piece).split(/\r\n|\n|\r/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === "" && data.length) {
        told(JSON.parse(data.join("\n")));
        data = [];
      } else if (line.startsWith("data:")) {
        data.push(line.slice(5).replace(/^ /, ""));
      }
    }
  };
}

// Waits; less when the signal ends it or the browser comes online.
export function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const done = new AbortController();
    const end = () => {
      clearTimeout(timer);
      done.abort();
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener("abort", end, { signal: done.signal });
    window.addEventListener("online", end, { signal: done.signal });
  });
}
