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
  return number(amount, { style: "currency", currency, signDisplay: "negative" });
}

// A price per unit, and a part of an amount, may have more digits than an amount.
export function unitPrice(amount, currency) {
  return number(amount, {
    style: "currency",
    currency,
    maximumFractionDigits: 4,
    signDisplay: "negative",
  });
}

// How the parts of an amount are written: like amounts, or with all their digits where the parts
// would not add up to their sum without them.
export function partsFormat(amounts, currency) {
  const decimals = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions()
    .maximumFractionDigits;
  const whole = amounts.reduce((sum, one) => sum + exact(one), 0n);
  const shown = amounts.reduce((sum, one) => sum + coins(exact(one), decimals), 0n);
  return shown === coins(whole, decimals) ? money : unitPrice;
}

// Digits after the point that are counted with; amounts of the API have at most this many.
const DIGITS = 8;

function exact(amount) {
  const [whole, part = ""] = amount.replace("-", "").split(".");
  const digits = BigInt(whole + part.padEnd(DIGITS, "0").slice(0, DIGITS));
  return amount.startsWith("-") ? -digits : digits;
}

// The nearest number of a currency's smallest coins; halves go away from zero, as on the screen.
function coins(digits, decimals) {
  const coin = 10n ** BigInt(DIGITS - decimals);
  const half = digits < 0n ? -coin / 2n : coin / 2n;
  return (digits + half) / coin;
}

export function kwh(value) {
  return t("unit.kwh", {
    n: number(value, { minimumFractionDigits: 2, maximumFractionDigits: 2 }),
  });
}

export function kw(value) {
  return t("unit.kw", { n: number(value, { maximumFractionDigits: 1 }) });
}

// What a part of a price counts: hours are told in minutes, as drivers think of stays.
export function quantity(value, unit) {
  if (unit === "h") return t("unit.min", { n: number(value * 60, { maximumFractionDigits: 1 }) });
  const n = number(value, { maximumFractionDigits: 3 });
  return unit === "kWh" ? t("unit.kwh", { n }) : `${n} ${unit ?? ""}`.trim();
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

// How long something took; of less than a minute the seconds.
export function duration(from, to) {
  const end = to ? Date.parse(to) : Date.now();
  const seconds = Math.max(0, Math.floor((end - Date.parse(from)) / 1000));
  return seconds < 60 ? tn("unit.seconds", seconds) : minutes(Math.floor(seconds / 60));
}

function minutes(n) {
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
