import { useEffect, useState } from "preact/hooks";
import { html } from "./html.js";
import { kept } from "./memory.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set();

function effective() {
  return document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light");
}

function changed() {
  for (const listener of listeners) listener(effective());
}

dark.addEventListener("change", changed);

/** `light` or `dark`, as it is shown now. */
export function useTheme() {
  const [theme, setTheme] = useState(effective());
  useEffect(() => {
    listeners.add(setTheme);
    return () => listeners.delete(setTheme);
  }, []);
  return theme;
}

/** Turns to the other side; when that is what the system wants anyway, the page follows the system again. */
export function ThemeSwitch() {
  const theme = useTheme();
  const other = theme === "dark" ? "light" : "dark";
  const turn = () => {
    const followed = (dark.matches ? "dark" : "light") === other;
    if (followed) delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = other;
    kept.set("theme", followed ? null : other);
    changed();
  };
  return html`<button type="button" class="plain icon" onClick=${turn} aria-label="Turn ${other}" title="Turn ${other}">
    <svg viewBox="0 0 16 16" aria-hidden="true">
      ${
        theme === "dark"
          ? html`<circle cx="8" cy="8" r="3.2" /><path d="M8 1v2M8 13v2M1 8h2M13 8h2M3 3l1.5 1.5M11.5 11.5 13 13M13 3l-1.5 1.5M4.5 11.5 3 13" />`
          : html`<path d="M13.5 9.6A6 6 0 0 1 6.4 2.5a6 6 0 1 0 7.1 7.1z" />`
      }
    </svg>
  </button>`;
}
