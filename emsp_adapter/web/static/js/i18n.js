// The texts of the app in the driver's language. A language is a catalogue in /static/i18n and a
// line here; a test compares the catalogues' keys.

export const LANGUAGES = { en: "English", de: "Deutsch" };

const KEPT = "emsp.language";
let texts = {};
let current = "en";
let plurals = new Intl.PluralRules(current);

// The language of the texts, for everything that formats.
export const language = () => current;

// The language the driver chose here, or the first of the browser's that we have.
export function preferred() {
  const wanted = [
    localStorage.getItem(KEPT),
    ...navigator.languages.map((tag) => tag.split("-")[0]),
  ];
  return wanted.find((tag) => tag in LANGUAGES) ?? current;
}

// Loads the texts of a language; `keep` remembers it on this device.
export async function speak(wanted, { keep = false } = {}) {
  const answer = await fetch(`/static/i18n/${wanted}.json`);
  texts = await answer.json();
  current = wanted;
  plurals = new Intl.PluralRules(current);
  document.documentElement.lang = current;
  if (keep) localStorage.setItem(KEPT, current);
}

// The text of a key with its gaps filled.
export function t(key, values = {}) {
  const text = texts[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (gap, name) => String(values[name] ?? gap));
}

// The text for a number of things.
export function tn(key, n, values = {}) {
  const exact = `${key}.${plurals.select(n)}`;
  return t(exact in texts ? exact : `${key}.other`, { n, ...values });
}

// The text of a word that partners may extend: what is not known is shown as it came.
export function word(group, value, values = {}) {
  const key = `${group}.${value}`;
  return key in texts ? t(key) : t(`${group}.other`, values);
}
