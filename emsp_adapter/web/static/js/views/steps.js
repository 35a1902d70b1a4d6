// What a driver can do about a charge, by its state: stop, take back, wish, read the receipt.

import { call, download, get, id, newKey, query } from "../api.js";
import { h, icon } from "../dom.js";
import { localInput } from "../format.js";
import { t } from "../i18n.js";
import { attempt, confirm, field, form, notice, select } from "../widgets.js";
import { placePath } from "./places.js";

const PROFILES = ["REGULAR", "CHEAP", "FAST", "GREEN"];
const NOT_BEGUN = new Set(["failed", "missed"]);

// `changed` hears the charge as it is after a step. A guest has no pages but the charge's.
export function stepsOf(charge, { another, changed, signal }) {
  const guest = another !== null;
  const { state, source, receipt_id: receipt, payment } = charge;
  const awaited = state === "finished" && !receipt && payment.state !== "disputed";
  return [
    state === "charging" && stop(charge, changed, signal),
    state === "scheduled" && takeBack(charge, changed, signal),
    state === "charging" && source === "app" && preferences(charge, signal),
    receipt && (guest ? paper(receipt) : receiptLink(receipt)),
    awaited && h("p", { class: "note" }, t("charge.receipt.pending")),
    NOT_BEGUN.has(state) && !guest && again(charge),
    guest && (state === "finished" || NOT_BEGUN.has(state)) && anew(another),
    !guest && report(charge),
  ];
}

function stop({ id: charge }, changed, signal) {
  const ask = () =>
    confirm(t("charge.stop.sure"), null, t("charge.stop"), async () =>
      changed(await call("POST", `/charges/${id(charge)}/stop`, { signal })),
    );
  const attributes = { type: "button", class: "big danger", onclick: ask };
  return h("button", attributes, icon("stop"), t("charge.stop"));
}

function takeBack({ id: charge }, changed, signal) {
  const work = async () => {
    const answer = await call("DELETE", `/charges/${id(charge)}`, { signal });
    changed(answer ?? (await get(`/charges/${id(charge)}`, signal)));
  };
  return form({}, work, h("button", { type: "submit", class: "quiet wide" }, t("charge.cancel")));
}

// Only where the point says that it follows them.
function preferences(charge, signal) {
  const place = h("div", { hidden: true });
  const able = ({ uid, capabilities }) =>
    uid === charge.evse_uid && capabilities.includes("CHARGING_PREFERENCES_CAPABLE");
  get(`/locations/${id(charge.location.id)}`, signal)
    .then(({ evses }) => evses.some(able) && place.replaceWith(wishes(charge, signal)))
    // A point that nothing is told of has no preferences.
    .catch(() => null);
  return place;
}

function wishes({ id: charge }, signal) {
  const work = async ({ elements: { profile, departure, need } }) => {
    const body = { profile_type: profile.value };
    if (departure.value) body.departure_time = new Date(departure.value).toISOString();
    if (need.value) body.energy_need_kwh = need.value;
    await call("PUT", `/charges/${id(charge)}/preferences`, { body, key: newKey(), signal });
    notice(t("saved"));
  };
  const profiles = PROFILES.map((name) => [name, t(`charge.profile.${name}`)]);
  const profile = select(profiles, "REGULAR", { name: "profile" });
  const departure = h("input", {
    type: "datetime-local",
    name: "departure",
    min: localInput(new Date()),
  });
  const need = h("input", { type: "number", name: "need", min: "1", max: "200" });
  return h(
    "details",
    { class: "card" },
    h("summary", {}, icon("filter"), t("charge.preferences")),
    form(
      { class: "stack" },
      work,
      field(t("charge.preferences"), profile, t("charge.preferences.hint")),
      field(t("charge.departure"), departure),
      field(t("charge.need"), need),
      h("button", { type: "submit" }, t("save")),
    ),
  );
}

function receiptLink(receipt) {
  const attributes = { class: "button big", href: `#/receipt/${id(receipt)}` };
  return h("a", attributes, icon("receipt"), t("charge.receipt"));
}

function paper(receipt) {
  const take = () => download(`/receipts/${id(receipt)}/pdf`, "receipt.pdf", "application/pdf");
  const attributes = { type: "button", class: "big", onclick: () => attempt(button, take) };
  const button = h("button", attributes, icon("down"), t("receipt.pdf"));
  return button;
}

function again({ location, evse_uid, connector_id }) {
  const plug = query({ evse: evse_uid, connector: connector_id });
  return h(
    "a",
    { class: "button big", href: `#${placePath(location.id)}${plug}` },
    t("charge.again"),
  );
}

function report({ id: charge_id, location, evse_uid }) {
  const about = query({ charge_id, location: location.id, evse_uid });
  const attributes = { class: "button quiet wide", href: `#/report${about}` };
  return h("a", attributes, icon("flag"), t("charge.problem"));
}

const anew = (another) =>
  h("button", { type: "button", class: "quiet wide", onclick: another }, t("guest.again"));
