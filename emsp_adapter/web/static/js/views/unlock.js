// Unlocking a connector: asked twice, with a reason that is kept, and followed to the station's answer.

import { call, get, id } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { t } from "../i18n.js";
import { pause } from "../stream.js";
import { dialog, field, form, say } from "../widgets.js";
import { plugName } from "./places.js";
import { pointName } from "./points.js";

const EACH = 2_000;
const PATIENCE = 60_000;
const OVER = new Set(["refused", "done"]);

// The button of a plug, and beside it what became of pressing it.
export function unlocking(plug, signal) {
  const told = h("small", {});
  const name = t("station.point", { name: pointName(plug.evse) });
  const tell = (text) => {
    told.textContent = text;
    say(`${name}: ${text}`);
  };
  const button = h(
    "button",
    {
      type: "button",
      class: "quiet",
      "aria-label": t("support.unlock.at", {
        point: name,
        plug: plugName(plug.connector.standard),
      }),
      onclick: () => ask(plug, name, tell, signal),
    },
    icon("unlock"),
    t("support.unlock"),
  );
  return h("span", { class: "unlock" }, button, told);
}

function ask({ place, evse, connector }, name, tell, signal) {
  const able = evse.capabilities.includes("UNLOCK_CAPABLE");
  const shown = dialog(
    t("support.unlock.sure"),
    h("p", {}, h("strong", {}, `${name}, ${plugName(connector.standard)}`), h("br", {}), place.name),
    h("p", {}, t("support.unlock.what")),
    !able && h("p", { class: "note" }, t("support.unlock.unable")),
    form(
      { class: "stack" },
      async ({ elements }) => {
        const asked = await call("POST", "/support/unlock", {
          body: {
            location: place.id,
            evse_uid: evse.uid,
            connector_id: connector.id,
            why: elements.why.value.trim(),
          },
        });
        shown.close();
        await follow(asked, tell, signal);
      },
      field(
        t("support.unlock.why"),
        h("textarea", {
          name: "why",
          required: true,
          rows: "2",
          minlength: "3",
          maxlength: "500",
        }),
        t("support.unlock.why.hint"),
      ),
      h(
        "div",
        { class: "actions" },
        h("button", { type: "submit", class: "danger" }, t("support.unlock.do")),
        h("button", { type: "button", class: "quiet", onclick: () => shown.close() }, t("cancel")),
      ),
    ),
  );
}

// The operator answers at once, the station later.
async function follow(asked, tell, signal) {
  const until = Date.now() + PATIENCE;
  let now = asked;
  if (!OVER.has(now.state)) tell(t("support.unlock.asked"));
  while (!OVER.has(now.state) && Date.now() < until && !signal.aborted) {
    await pause(EACH, signal);
    now = await get(`/support/unlock/${id(asked.id)}`, signal).catch(() => now);
  }
  if (!signal.aborted) tell(outcome(now));
}

function outcome({ state, result, reason }) {
  if (state === "done" && result === "ACCEPTED") return t("support.unlock.done");
  return OVER.has(state) ? (reason ?? t("support.unlock.failed")) : t("support.unlock.silent");
}
