// Problems: reported from a charger or a charge, followed until they are answered.

import { call, get, id } from "../api.js";
import { fill, h } from "../dom.js";
import { moment } from "../format.js";
import { t } from "../i18n.js";
import { go, replace } from "../router.js";
import { backLink, field, form, heading, notice, pages, section } from "../widgets.js";
import { pointName } from "./points.js";

const KINDS = ["broken", "blocked", "payment", "app", "other"];

// The charger and the point that a report is of; one that its operator took away is not named.
export async function about({ location, evse_uid }, signal) {
  const place = location && (await get(`/locations/${id(location)}`, signal).catch(() => null));
  if (!place) return null;
  const evse = place.evses.find((one) => one.uid === evse_uid);
  const point = evse && t("station.point", { name: pointName(evse) });
  const named = [place.name || place.address, point].filter(Boolean).join(", ");
  return h("p", { class: "muted" }, t("problem.about", { place: named }));
}

export async function report(main, { location, evse_uid, charge_id }, signal) {
  const of = await about({ location, evse_uid }, signal);
  fill(
    main,
    h(
      "div",
      { class: "page" },
      backLink(location ? `/station/${encodeURIComponent(location)}` : "/problems"),
      heading(t("problem.title")),
      of,
      form(
        { class: "card stack" },
        async (given) => {
          const { kind, text } = given.elements;
          const named = Object.fromEntries(
            Object.entries({ location, evse_uid, charge_id }).filter(([, value]) => value),
          );
          const made = await call("POST", "/problems", {
            body: { ...named, kind: kind.value, text: text.value.trim() },
            signal,
          });
          notice(t("problem.sent"));
          replace(`/problem/${id(made.id)}`);
        },
        h(
          "fieldset",
          { class: "choices" },
          h("legend", {}, t("problem.kind")),
          KINDS.map((kind) =>
            h(
              "label",
              { class: "choice" },
              h("input", { type: "radio", name: "kind", value: kind, required: true }),
              h("span", {}, t(`problem.kind.${kind}`)),
            ),
          ),
        ),
        field(
          t("problem.text"),
          h("textarea", { name: "text", required: true, rows: "5", maxlength: "2000" }),
        ),
        h("button", { type: "submit" }, t("problem.send")),
      ),
    ),
  );
}

export async function problems(main, _params, signal) {
  const list = h("div", {});
  await pages("/problems", "problems", { show: (one) => row(one), none: t("problem.none"), signal, into: list });
  fill(
    main,
    h(
      "div",
      { class: "page" },
      backLink("/account", t("account.title")),
      heading(t("problem.list")),
      h("h2", { class: "hidden" }, t("account.problems")),
      list,
      h("a", { class: "button wide", href: "#/report" }, t("problem.title")),
    ),
  );
}

// A report in three lines, as a link to its page.
export function row(one, path = "/problem") {
  return h(
    "article",
    { class: "entry" },
    h("h3", {}, h("a", { href: `#${path}/${id(one.id)}` }, t(`problem.kind.${one.kind}`))),
    h("p", { class: "row" }, state(one), h("span", { class: "muted" }, moment(one.created_at))),
    h("p", { class: "muted clip" }, one.text),
  );
}

export const state = (one) =>
  h(
    "span",
    { class: `chip ${one.state === "answered" ? "free" : "plain"}` },
    t(`problem.state.${one.state}`),
  );

export async function problem(main, params, signal) {
  const one = await get(`/problems/${id(params.id)}`, signal);
  const of = await about(one, signal);
  fill(
    main,
    h(
      "div",
      { class: "page" },
      backLink("/problems", t("problem.list")),
      heading(t("problem.one")),
      h(
        "p",
        { class: "row" },
        state(one),
        h("span", { class: "muted" }, t(`problem.kind.${one.kind}`)),
      ),
      of,
      talk(one, "driver"),
      one.state !== "closed" &&
        section(
          t("problem.answer"),
          form(
            { class: "stack" },
            async (given) => {
              await call("POST", `/problems/${id(one.id)}/answers`, {
                body: { text: given.elements.text.value.trim() },
                signal,
              });
              go(`/problem/${id(one.id)}`);
            },
            h("textarea", {
              name: "text",
              required: true,
              rows: "3",
              maxlength: "2000",
              "aria-label": t("problem.answer"),
            }),
            h("button", { type: "submit" }, t("problem.answer.send")),
          ),
        ),
    ),
  );
}

// All that was said of a report, as `me` reads it.
export function talk(one, me) {
  const everything = [{ at: one.created_at, from: "driver", text: one.text }, ...one.answers];
  return h(
    "ol",
    { class: "talk" },
    everything.map((each) => said(each, me)),
  );
}

function said({ at, from, text }, me) {
  const who = t(from === me ? "problem.from.me" : `problem.from.${from}`);
  return h(
    "li",
    { class: from === me ? "mine" : null },
    h("p", { class: "muted small" }, `${who} · ${moment(at)}`),
    h("p", { class: "text" }, text),
  );
}
