/**
 * Light or dark: what the system says, until the button in the bar says otherwise; the choice is kept for both pages.
 */
const KEY = "parley.theme";

export function startTheme(): void {
  const { dataset } = document.documentElement;
  const chosen = localStorage.getItem(KEY);
  if (chosen) dataset.theme = chosen;
  document.querySelector("#theme")?.addEventListener("click", () => {
    const isDark = dataset.theme ? dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    dataset.theme = isDark ? "light" : "dark";
    localStorage.setItem(KEY, dataset.theme);
  });
}
