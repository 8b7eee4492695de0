// Evaluated in the page as a whole: gives every visible text whose contrast against what is behind it is below 4.5 : 1
// (WCAG 2.2, 1.4.3; large text 3 : 1), and every one that is squeezed to a letter a line. Disabled controls are exempt
// from the contrast, as there.
(() => {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (css) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = css;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map((index) => top[index] * top[3] + below[index] * (1 - top[3]));
  const behind = (element) => {
    if (element === null) return [255, 255, 255];
    const own = rgba(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own.slice(0, 3) : over(own, behind(element.parentElement));
  };
  const luminance = (color) => {
    const [r, g, b] = color.map((channel) => {
      const share = channel / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratioOf = (element) => {
    const ground = behind(element);
    const ink = over(rgba(getComputedStyle(element).color), ground);
    const [bright, dark] = [luminance(ink), luminance(ground)].toSorted((a, b) => b - a);
    return (bright + 0.05) / (dark + 0.05);
  };
  const isLarge = (element) => {
    const { fontSize, fontWeight } = getComputedStyle(element);
    const size = Number.parseFloat(fontSize);
    return size >= 24 || (size >= 18.66 && Number(fontWeight) >= 700);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = { texts: 0, pale: [], squeezed: [] };
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const element = walker.currentNode.parentElement;
    if (text === "" || !element.checkVisibility() || element.closest(".unseen") !== null) continue;
    seen.texts += 1;
    const longest = Math.max(...text.split(/\s+/).map((word) => word.length));
    const lines = new Range();
    lines.selectNodeContents(walker.currentNode);
    if (longest > 2 && lines.getBoundingClientRect().width < 16) seen.squeezed.push(text.slice(0, 60));
    if (element.closest(":disabled") !== null) continue;
    const ratio = ratioOf(element);
    if (ratio < (isLarge(element) ? 3 : 4.5)) seen.pale.push(`${ratio.toFixed(2)} ${text.slice(0, 60)}`);
  }
  return seen;
})();
