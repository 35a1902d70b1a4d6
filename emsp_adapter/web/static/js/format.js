// Amounts, energy, times and ages as the driver reads them. Amounts come as text and stay exact.

import { language, t, tn } from "./i18n.js";

// The region's way where the browser's own language is the app's: 21/11/2026, not 11/21/2026.
function locale() {
  return navigator.languages.find((tag) => tag.split("-")[0] === language()) ?? language();
}

function number(value, options) {
  return new Intl.NumberFormat(locale(), options).format(value);
}

export function money(amount, currency) {
  return number(amount, { style: "currency", currency });
}

// A price per unit, and a part of an amount, may have more digits than an amount.
export function unitPrice(amount, currency) {
  return number(amount, { style: "currency", currency, maximumFractionDigits: 4 });
}

export function kwh(value) {
  return t("unit.kwh", {
    n: number(value, { minimumFractionDigits: 2, maximumFractionDigits: 2 }),
  });
}

export function kw(value) {
  return t("unit.kw", { n: number(value, { maximumFractionDigits: 1 }) });
}

export function quantity(value, unit) {
  const n = number(value, { maximumFractionDigits: 3 });
  return unit === "h"
    ? t("unit.h", { n })
    : unit === "kWh"
      ? t("unit.kwh", { n })
      : `${n} ${unit ?? ""}`.trim();
}

export function percent(value) {
  return t("unit.percent", { n: number(value, { maximumFractionDigits: 1 }) });
}

export function rate(value) {
  return number(value, { maximumFractionDigits: 2 });
}

export function distance(metres) {
  if (metres < 1000) return t("unit.m", { n: number(Math.round(metres / 10) * 10) });
  return t("unit.km", {
    n: number(metres / 1000, { maximumFractionDigits: metres < 10000 ? 1 : 0 }),
  });
}

export function minutes(n) {
  if (n < 60) return tn("unit.minutes", n);
  return t("unit.hours", { h: Math.floor(n / 60), m: n % 60 });
}

export function age(seconds) {
  if (seconds < 60) return t("age.now");
  if (seconds < 3600) return tn("age.minutes", Math.floor(seconds / 60));
  if (seconds < 86400) return tn("age.hours", Math.floor(seconds / 3600));
  return tn("age.days", Math.floor(seconds / 86400));
}

export function secondsSince(moment) {
  return Math.max(0, (Date.now() - Date.parse(moment)) / 1000);
}

// A moment in the driver's own time: the hour alone when it is today.
export function moment(text) {
  const date = new Date(text);
  const today = date.toDateString() === new Date().toDateString();
  const options = today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" };
  return new Intl.DateTimeFormat(locale(), options).format(date);
}

export function day(text) {
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium" }).format(new Date(text));
}

// A month such as 2026-03.
export function month(text, style = "long") {
  const date = new Date(`${text}-15T12:00:00Z`);
  const options = style === "long" ? { month: "long", year: "numeric" } : { month: "short" };
  return new Intl.DateTimeFormat(locale(), options).format(date);
}

// What <input type="datetime-local"> holds for a moment, in the driver's own time.
export function localInput(date) {
  const shifted = new Date(date.getTime() - date.getTimezoneOffset() * 60000);
  return shifted.toISOString().slice(0, 16);
}
