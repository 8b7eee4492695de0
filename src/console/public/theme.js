// Runs before the first paint, so that a dark room stays dark. The storage may refuse (private windows).
try {
  const chosen = localStorage.getItem("faultline.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  delete document.documentElement.dataset.theme;
}
