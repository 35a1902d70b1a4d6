// The texts of the app in the driver's language. A language is a catalogue in /static/i18n and a
// line here; a test compares the catalogues' keys.

export const LANGUAGES = { en: "English", de: "Deutsch" };

const KEPT = "emsp.language";
// What is spoken: a language, its texts, and which of their forms a number takes.
let spoken = { language: "en", texts: {}, plurals: new Intl.PluralRules("en") };

// The language of the texts, for everything that formats.
export const language = () => spoken.language;

// The language the driver chose here, or the first of the browser's that we have.
export function preferred() {
  const wanted = [
    localStorage.getItem(KEPT),
    ...navigator.languages.map((tag) => tag.split("-")[0]),
  ];
  return wanted.find((tag) => tag in LANGUAGES) ?? spoken.language;
}

// A language with its texts; that which is spoken now where we have no such language.
export async function catalogue(wanted) {
  if (!(wanted in LANGUAGES)) return spoken;
  const answer = await fetch(`/static/i18n/${wanted}.json`);
  return { language: wanted, texts: await answer.json(), plurals: new Intl.PluralRules(wanted) };
}

// Speaks a language from now on; `keep` remembers it on this device.
export async function speak(wanted, { keep = false } = {}) {
  spoken = await catalogue(wanted);
  document.documentElement.lang = spoken.language;
  if (keep) localStorage.setItem(KEPT, spoken.language);
}

// What is built in the language of a catalogue, such as a paper's, amid a page in another.
export function within(other, build) {
  const own = spoken;
  spoken = other;
  try {
    return build();
  } finally {
    spoken = own;
  }
}

// The text of a key with its gaps filled.
export function t(key, values = {}) {
  const text = spoken.texts[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (gap, name) => String(values[name] ?? gap));
}

// The text for a number of things.
export function tn(key, n, values = {}) {
  const exact = `${key}.${spoken.plurals.select(n)}`;
  return t(exact in spoken.texts ? exact : `${key}.other`, { n, ...values });
}

// The text of a word that partners may extend: what is not known is shown as it came.
export function word(group, value, values = {}) {
  const key = `${group}.${value}`;
  return key in spoken.texts ? t(key) : t(`${group}.other`, values);
}
