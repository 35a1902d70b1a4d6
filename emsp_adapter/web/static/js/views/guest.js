// A charge without an account: the page that the code on a charger opens.
//
// The guest's token is good for one charge. It stays for this tab, so that a reload can still stop it.

import { call, id, once, query } from "../api.js";
import { beGuest } from "../auth.js";
import { fill, h, icon } from "../dom.js";
import { t } from "../i18n.js";
import { field, form, heading, kindOf, statusText } from "../widgets.js";
import { liveCharge } from "./charge.js";
import { address } from "./places.js";
import { plugText, pointLine, pointNote, pointStatus } from "./points.js";
import { pricePanel } from "./price.js";

const RUNNING = "emsp.guest.charge";
const EMAIL = "emsp.guest.email";

export async function guest(main, { code }, signal, config) {
  const page = h("div", { class: "page" });
  const running = JSON.parse(sessionStorage.getItem(RUNNING) ?? "null");
  if (running?.code === code) {
    beGuest(running.token);
    const charge = await kept(running.id);
    if (charge) {
      await follow(charge);
      fill(main, page);
      return;
    }
  }
  const read = (values) =>
    call("GET", `/guest/${id(code)}${query(values)}`, { anonymous: true, signal });
  const point = await read({});
  const plug = plugAt(point);
  const sum = h("p", { class: "sum" });
  const price = pricePanel({
    priceAt: async (_plug, values) => (await read(values)).price,
    told: (text) => fill(sum, text),
  });
  price.choose(plug);
  const setup = new URLSearchParams(location.search).get("setup");
  // A card is given on the provider's page first; with it, or without one, the charge starts.
  const away = config.payment === "stripe" && !setup;
  const send = once();
  fill(
    page,
    intro(point.location, plug),
    price.element,
    starting(point),
    h("a", { class: "button quiet wide", href: "/" }, t("guest.account")),
  );
  fill(main, page);

  function starting({ status }) {
    return h(
      "section",
      { class: "card", "aria-labelledby": "guest-start" },
      h("h2", { id: "guest-start" }, t("guest.title")),
      h("p", { class: "muted" }, t("guest.lead")),
      kindOf(status) !== "free" &&
        h("p", { class: "note" }, t("guest.away", { status: statusText(status) })),
      form(
        { class: "stack" },
        away ? pay : start,
        field(
          t("guest.email"),
          h("input", {
            type: "email",
            name: "email",
            required: true,
            autocomplete: "email",
            maxlength: "254",
            value: sessionStorage.getItem(EMAIL),
          }),
        ),
        config.payment === "demo" && h("p", { class: "muted small" }, t("account.payment.demo")),
        away && h("p", { class: "muted small" }, t("account.payment.away")),
        sum,
        h(
          "button",
          { type: "submit", class: "big" },
          away ? icon("card") : icon("bolt"),
          t(away ? "guest.pay" : "guest.start"),
        ),
      ),
    );
  }

  async function pay(given) {
    sessionStorage.setItem(EMAIL, given.elements.email.value.trim());
    const { url } = await call("POST", `/guest/${id(code)}/payment-setups`, {
      anonymous: true,
      signal,
    });
    location.assign(url);
  }

  async function start(given) {
    const email = given.elements.email.value.trim();
    const body = { email, payment: setup ? { setup } : { kind: "demo" } };
    const made = await send((key) =>
      call("POST", `/guest/${id(code)}/charges`, { anonymous: true, key, body }),
    );
    sessionStorage.setItem(
      RUNNING,
      JSON.stringify({ code, id: made.charge.id, token: made.access_token }),
    );
    beGuest(made.access_token);
    await follow(made.charge);
    page.querySelector("h1").focus();
  }

  // The guest's charge, while its token is good.
  async function kept(chargeId) {
    try {
      return await call("GET", `/charges/${id(chargeId)}`, { signal, once: true });
    } catch (error) {
      if (error.status !== 401 && error.status !== 404) throw error;
      sessionStorage.removeItem(RUNNING);
      return null;
    }
  }

  async function follow(charge) {
    const another = () => {
      sessionStorage.removeItem(RUNNING);
      location.reload();
    };
    fill(page, heading(t("charge.title")), liveCharge(charge, signal, { another }));
  }
}

// The plug of a code as that of a charger.
const plugAt = (point) => ({
  evse: { ...point, uid: point.evse_uid },
  connector: { ...point, id: point.connector_id },
});

function intro(place, { evse, connector }) {
  return [
    heading(place.name || address(place)),
    h("p", { class: "muted" }, address(place)),
    h(
      "section",
      { class: "card", "aria-label": t("station.points") },
      pointLine(evse, pointStatus(evse)),
      h("p", { class: "muted small" }, pointNote(evse)),
      h("p", { class: "row plug" }, icon("plug"), plugText(connector)),
    ),
  ];
}
