// What somebody sees who is not signed in.

import { signIn } from "../auth.js";
import { fill, h, icon } from "../dom.js";
import { language, t } from "../i18n.js";
import { heading } from "../widgets.js";

const POINTS = [
  ["status", "check"],
  ["price", "receipt"],
  ["receipt", "down"],
];

export function welcome(main, { failed }) {
  const leave = (prompt) => () => signIn({ prompt, language: language() });
  fill(
    main,
    h(
      "div",
      { class: "page welcome" },
      h("div", { class: "emblem", "aria-hidden": "true" }, icon("bolt")),
      heading(t("welcome.title")),
      h("p", { class: "lead" }, t("welcome.lead")),
      failed &&
        h(
          "p",
          { class: "alert", role: "alert" },
          icon("wait"),
          h("span", {}, t("welcome.failed", { reason: failed })),
        ),
      h(
        "div",
        { class: "stack" },
        h("button", { type: "button", class: "big", onclick: leave(null) }, t("welcome.signin")),
        h(
          "button",
          { type: "button", class: "big quiet", onclick: leave("create") },
          t("welcome.signup"),
        ),
      ),
      h(
        "ul",
        { class: "points" },
        POINTS.map(([name, sign]) =>
          h("li", {}, icon(sign), h("span", {}, t(`welcome.point.${name}`))),
        ),
      ),
    ),
  );
}
