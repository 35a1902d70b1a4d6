// One charge while it happens, and afterwards until its bill is there.

import { get, id } from "../api.js";
import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { follow, pause } from "../stream.js";
import { alertOf, backLink, heading, say } from "../widgets.js";
import { figuresOf, lead, told } from "./figures.js";
import { stepsOf } from "./steps.js";

const OVER = new Set(["finished", "failed", "cancelled", "missed"]);
// How often the bill, or an end of what is held, is asked for: at first and in the end.
const SOON = 2_000;
const LATER = 60_000;
// Ages on the screen grow at this pace.
const TICK = 10_000;
// A screen reader hears of the energy this often, not with each message of the charger.
const SPOKEN_EACH = 60_000;

export async function charge(main, params, signal) {
  const found = await get(`/charges/${id(params.id)}`, signal);
  const back = backLink("/charges", t("charges.title"));
  fill(
    main,
    h("div", { class: "page" }, back, heading(t("charge.title")), liveCharge(found, signal)),
  );
}

// The charge with its figures and what can be done about it, following the charger.
export function liveCharge(first, signal, { another = null } = {}) {
  const live = new LiveCharge(signal, another);
  live.show(first);
  live.watch();
  return live.element;
}

class LiveCharge {
  constructor(signal, another) {
    this.signal = signal;
    this.another = another;
    this.now = null;
    this.spoken = 0;
    this.connection = h("p", { class: "muted small live" });
    this.figures = h("div", {});
    this.steps = h("div", { class: "stack" });
    this.element = h("div", { class: "stack" }, this.figures, this.steps);
  }

  get over() {
    return OVER.has(this.now.state);
  }

  async watch() {
    const ticks = setInterval(() => this.over || this.draw(), TICK);
    this.signal.addEventListener("abort", () => clearInterval(ticks));
    try {
      // A start that was given up may come to life after all.
      do {
        await follow(`/charges/${id(this.now.id)}/events`, {
          signal: this.signal,
          told: (next) => this.show(next),
          over: () => this.over,
          state: (state) => this.connected(state),
        });
        await this.settled();
      } while (!this.signal.aborted && !this.over);
    } catch (error) {
      if (!this.signal.aborted) this.steps.append(alertOf(error));
    }
  }

  connected(state) {
    this.connection.dataset.state = state;
    this.connection.textContent = state === "over" ? "" : t(`charge.${state}`);
  }

  // The bill comes once the operator has sent its own, and what was held for a charge that never
  // began is given back: both after the events have ended.
  get unsettled() {
    const { state, receipt_id, payment } = this.now;
    return state === "finished" ? !receipt_id : this.over && payment.state === "held";
  }

  async settled() {
    let wait = SOON;
    while (!this.signal.aborted && this.unsettled) {
      await pause(wait, this.signal);
      wait = Math.min(LATER, wait * 1.5);
      const next = await get(`/charges/${id(this.now.id)}`, this.signal).catch(() => this.now);
      if (!this.signal.aborted) this.show(next);
    }
  }

  show(next) {
    const before = this.now;
    this.now = next;
    this.draw();
    if (next.state !== before?.state || next.receipt_id !== before?.receipt_id) {
      const changed = (other) => this.show(other);
      fill(
        this.steps,
        stepsOf(next, { another: this.another, changed, signal: this.signal }),
      );
    }
    if (before) this.speak(before);
  }

  speak(before) {
    const { state, energy_kwh } = this.now;
    const due = Date.now() - this.spoken > SPOKEN_EACH;
    if (state !== before.state) {
      say(`${t(`charge.state.${state}`)}. ${lead(this.now)}`);
    } else if (state === "charging" && energy_kwh && due) {
      this.spoken = Date.now();
      say(told(this.now));
    }
  }

  // What the driver has opened stays open, with the focus on it.
  draw() {
    const opened = this.figures.querySelector("details")?.open ?? false;
    const focused = this.figures.contains(document.activeElement);
    fill(this.figures, figuresOf(this.now, this.connection));
    const details = this.figures.querySelector("details");
    if (!details) return;
    details.open = opened;
    if (focused) details.firstElementChild.focus({ preventScroll: true });
  }
}
