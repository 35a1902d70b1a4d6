// Light, dark, or as the device has it. The stylesheet does the rest by `color-scheme`.

const KEPT = "emsp.theme";
export const THEMES = ["system", "light", "dark"];

export function theme() {
  const kept = localStorage.getItem(KEPT);
  return THEMES.includes(kept) ? kept : "system";
}

export function setTheme(wanted) {
  localStorage.setItem(KEPT, wanted);
  applyTheme();
}

export function applyTheme() {
  const wanted = theme();
  if (wanted === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = wanted;
  document.dispatchEvent(new Event("theme"));
}
