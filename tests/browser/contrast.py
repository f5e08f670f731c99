"""Contrast of a page's texts against what is behind them, as WCAG 2.2 (1.4.3) measures it."""

from tests.browser.chromium import Chromium

LEAST_CONTRAST = 4.5
"""Level AA, for texts of the usual size."""

_MEASURE = """
const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", {
  willReadFrequently: true,
});
const painted = (colours) => {
  for (const colour of colours) {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
  }
  return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
};
const luminance = (rgb) => {
  const [red, green, blue] = rgb.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const found = {};
for (const element of document.querySelectorAll("body *")) {
  const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  if (!text || !element.checkVisibility() || ["SCRIPT", "STYLE", "NOSCRIPT"].includes(element.tagName)) continue;
  const behind = [];
  for (let at = element; at; at = at.parentElement) behind.unshift(getComputedStyle(at).backgroundColor);
  const style = getComputedStyle(element);
  const ink = element instanceof SVGElement ? style.fill : style.color;
  const [one, other] = [luminance(painted(behind)), luminance(painted([...behind, ink]))];
  const name = `${element.tagName.toLowerCase()}.${element.getAttribute("class")}`;
  const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  found[name] = Math.min(contrast, found[name] || Infinity);
}
return found;
"""


def contrasts(browser: Chromium) -> dict[str, float]:
    """The least of each kind of element that has a text and is shown, by its name and classes."""
    found: dict[str, float] = browser.run(_MEASURE)
    return found
