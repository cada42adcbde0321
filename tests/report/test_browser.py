"""The report of the example in headless Chromium: layout, contrast, keyboard, print, console."""

from __future__ import annotations

import base64
import io
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from mcugen.compare import Recorded, compare_builds
from mcugen.compiler import build
from mcugen.manifest import Manifest, read_manifest
from mcugen.report.html import render_page, write_report
from mcugen.report.page import page_of
from mcugen.report.quantisation import read_quantisation
from mcugen.report.verification import Verification
from tests.conftest import EXAMPLE_MODEL
from tests.report.answers import evaluated, verified

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

SCREENS = [(1440, "light"), (1440, "dark"), (360, "light"), (360, "dark")]
HEIGHT = 900
PAPER = 690
"""Width of A4 between the margins, in CSS pixels."""

LARGEST_PICTURE = 200_000
OPTIONS = ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "hide-scrollbars")

# What sticks out of a window of the given width and does not scroll within something that does not.
OUTSIDE = """
const scrolls = (one) => getComputedStyle(one).overflowX === "auto";
const inside = (one) => {
  for (let up = one.parentElement; up; up = up.parentElement) if (scrolls(up)) return true;
  return false;
};
return [...document.body.querySelectorAll("*")]
  .filter((one) => !inside(one))
  .filter((one) => {
    const box = one.getBoundingClientRect();
    return box.width > 0 && (box.left < -0.5 || box.right > arguments[0] + 0.5);
  })
  .map((one) => one.outerHTML.slice(0, 80));
"""

# Texts whose contrast with what is behind them is below WCAG 2.1 AA.
FAINT = """
const parse = (text) => text.match(/[\\d.]+/g).map(Number);
const linear = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
const behind = (one) => {
  const box = one.closest(".buffer");
  if (box) return parse(getComputedStyle(box.querySelector(".area")).fill);
  for (; one; one = one.parentElement) {
    const color = parse(getComputedStyle(one).backgroundColor);
    if (color.length < 4 || color[3] > 0) return color;
  }
};
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const faint = [];
let seen = 0;
while (texts.nextNode()) {
  const one = texts.currentNode.parentElement;
  const hidden = ["title", "desc", "script"].includes(one.tagName.toLowerCase());
  if (hidden || !texts.currentNode.data.trim()) continue;
  const style = getComputedStyle(one);
  const ink = parse(one instanceof SVGElement ? style.fill : style.color);
  const [low, high] = [luminance(ink), luminance(behind(one))].sort((a, b) => a - b);
  const ratio = (high + 0.05) / (low + 0.05);
  seen += 1;
  if (ratio < 4.5) faint.push(`${ratio.toFixed(2)} ${texts.currentNode.data.trim()}`);
}
return [seen, faint];
"""

# Texts of tables, tiles and commands of which something is not seen: they leave the window, the box
# that they belong to, or one that shows only a part of what is in it.
CUT = """
const within = (part, whole) =>
  part.left >= whole.left - 1 && part.right <= whole.right + 1 &&
  part.top >= whole.top - 1 && part.bottom <= whole.bottom + 1;
const cells = [...document.querySelectorAll("td, th, caption, .tile dd, .facts dd, pre, svg text")];
const cut = [];
let seen = 0;
for (const cell of cells) {
  const range = document.createRange();
  range.selectNodeContents(cell);
  const parts = [...range.getClientRects()].filter((part) => part.width > 1 && part.height > 1);
  if (!parts.length || cell.closest("thead") && getComputedStyle(cell.closest("thead")).position
      === "absolute") continue;
  seen += 1;
  const svg = cell.closest("svg");
  const whole = [svg ? svg.getBoundingClientRect() : cell.getBoundingClientRect()];
  whole.push({ left: 0, right: arguments[0], top: -1e9, bottom: 1e9 });
  for (let up = cell.parentElement; up && !svg; up = up.parentElement) {
    if (getComputedStyle(up).overflow !== "visible") whole.push(up.getBoundingClientRect());
  }
  if (!parts.every((part) => whole.every((box) => within(part, box)))) cut.push(cell.textContent);
}
return [seen, cut];
"""

FOCUSED = """
const one = document.activeElement;
const labels = (one.getAttribute("aria-labelledby") || "").split(" ").filter(Boolean);
const label = labels.map((id) => document.getElementById(id).textContent).join(" ");
return label || one.getAttribute("aria-label") || one.textContent.trim();
"""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chrome]:
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("chromium or chromium-driver is not installed")
    options = ChromeOptions()
    options.binary_location = CHROMIUM
    for option in OPTIONS:
        options.add_argument(f"--{option}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = Chrome(options, Service(DRIVER))
    yield browser
    browser.quit()


@pytest.fixture(scope="session")
def page(example: Path) -> str:
    write_report(example)
    return (example / "report.html").as_uri()


def show(browser: Chrome, page: str, width: int, scheme: str) -> None:
    metrics = {"width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": width < 500}
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": features})
    browser.get(page)


def picture(browser: Chrome, width: int, height: int) -> Image.Image:
    clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
    shot: dict[str, Any] = browser.execute_cdp_cmd(
        "Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip}
    )
    return Image.open(io.BytesIO(base64.b64decode(shot["data"])))


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_layout(chromium: Chrome, page: str, width: int, scheme: str, tmp_path: Path) -> None:
    show(chromium, page, width, scheme)
    assert chromium.execute_script("return matchMedia(arguments[0]).matches", f"({_dark(scheme)})")
    assert chromium.execute_script("return [innerWidth, document.documentElement.scrollWidth]") == [
        width,
        width,
    ]
    assert chromium.execute_script(OUTSIDE, width) == []
    seen, faint = chromium.execute_script(FAINT)
    assert seen > 300
    assert faint == []
    shot = picture(chromium, width, 1000)
    shot.save(tmp_path / f"{width}-{scheme}.png")
    red, green, blue = shot.convert("RGB").getpixel((2, 2))  # type: ignore[misc]
    assert (red + green + blue > 600) == (scheme == "light")
    assert chromium.get_log("browser") == []


@pytest.fixture(scope="session")
def by_rows(tmp_path_factory: pytest.TempPathFactory, object_cache: Path) -> str:
    """The report of a build in the least arena, its picture in rows."""
    folder = tmp_path_factory.mktemp("rows") / "build"
    build(
        EXAMPLE_MODEL,
        target="stm32f7",
        output=folder,
        arena="least",
        stream_input=True,
        object_cache=object_cache,
    )
    write_report(folder)
    return (folder / "report.html").as_uri()


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_layout_by_rows(chromium: Chrome, by_rows: str, width: int, scheme: str) -> None:
    show(chromium, by_rows, width, scheme)
    assert chromium.execute_script(OUTSIDE, width) == []
    assert chromium.execute_script(FAINT)[1] == []
    assert chromium.execute_script(CUT, width)[1] == []
    paths = "return document.querySelectorAll('.buffer path.area').length"
    assert chromium.execute_script(paths) > 20  # ten buffers at least, in two pictures
    chromium.execute_script("document.getElementById('arena-picture').focus()")
    ActionChains(chromium).send_keys(Keys.ARROW_RIGHT).perform()
    status = "return document.getElementById('arena-status').textContent"
    assert chromium.execute_script(status).endswith("alive in step 0, row by row")


def _dark(scheme: str) -> str:
    return f"prefers-color-scheme: {scheme}"


EVIDENCE = {
    "none": (),
    "host": (("host",),),
    "board": (("board",),),
    "qemu": (("qemu",),),
    "port": (("port",),),
    "everything": (("host", "board", "qemu", "port"), ("host",)),
}


@pytest.fixture(scope="session")
def pages(example: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The report of the example with each kind of evidence, and of large numbers."""
    folder, manifest = tmp_path_factory.mktemp("pages"), read_manifest(example)
    scales = read_quantisation(example, manifest)
    found = {}
    before = Recorded(manifest, accuracy=0.5)
    for kind, runs in EVIDENCE.items():
        answers = tuple(large(verified(manifest, *names)) for names in runs)
        told = Verification(answers, "Not yet.")
        more: tuple[Any, ...] = ()
        if kind == "everything":
            evaluations = (evaluated(manifest, classes=10), many_pictures(manifest))
            after = replace(before, manifest=costly(manifest))
            more = (evaluations, compare_builds(before, after))
        page = page_of(manifest.as_json(), told, scales, *more)
        (folder / f"{kind}.html").write_text(render_page(page), "utf-8")
        found[kind] = (folder / f"{kind}.html").as_uri()
    return found


def many_pictures(manifest: Manifest) -> dict[str, Any]:
    """An evaluation with as many classes as a matrix may have, long names and large counts."""
    answer = evaluated(manifest, classes=16)
    answer["labels"] = [f"{number} some_longer_name of a class" for number in range(16)]
    answer["confusion"] = [[1000 * (count + 1) for count in row] for row in answer["confusion"]]
    return answer


def costly(manifest: Manifest) -> Manifest:
    """With other numbers in every layer."""
    layers = (
        replace(one, cost=one.cost + 1_234_567, kernel="rows_some_longer_kernel", weights_bytes=99)
        for one in manifest.layers
    )
    return replace(manifest, layers=tuple(layers), ram_bytes=100)


def large(answer: dict[str, Any]) -> dict[str, Any]:
    """With counts as a large model has them."""
    for layer in answer["layer_details"]:
        for count in ("instructions", "cycles"):
            layer[count] = layer[count] and 123_456_789
    return answer


@pytest.mark.parametrize("kind", EVIDENCE)
@pytest.mark.parametrize("width", [360, 768, 1130, 1440])
def test_no_cell_is_cut(chromium: Chrome, pages: dict[str, str], kind: str, width: int) -> None:
    show(chromium, pages[kind], width, "light")
    seen, cut = chromium.execute_script(CUT, width)
    assert seen > 400
    assert cut == []
    assert chromium.execute_script("return document.documentElement.scrollWidth") == width
    assert chromium.execute_script(OUTSIDE, width) == []


def test_a_cell_that_is_cut_would_be_noticed(chromium: Chrome, pages: dict[str, str]) -> None:
    for width, change in (
        (1440, "td { white-space: nowrap; padding: 0 2rem } .sheet { overflow: auto }"),
        (768, "tbody td { white-space: nowrap !important }"),
        (360, "tbody tr { flex-wrap: nowrap !important }"),
        (360, "#arena-picture svg.narrow { width: 40rem }"),
        (360, ".tile { width: 8rem; overflow: hidden } .tile dd { white-space: nowrap }"),
    ):
        show(chromium, pages["everything"], width, "light")
        script = "document.head.insertAdjacentHTML('beforeend', `<style>${arguments[0]}</style>`)"
        chromium.execute_script(script, change)
        assert chromium.execute_script(CUT, width)[1] != [], change


def test_a_wide_table_would_be_noticed(chromium: Chrome, page: str) -> None:
    show(chromium, page, 360, "light")
    chromium.execute_script("document.querySelector('table').style.minWidth = '60rem'")
    assert chromium.execute_script(OUTSIDE, 360) != []
    chromium.execute_script("document.body.style.color = '#999'")
    assert chromium.execute_script(FAINT)[1] != []


def test_headings(chromium: Chrome, page: str) -> None:
    show(chromium, page, 1440, "light")
    script = "return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent)"
    assert chromium.execute_script(script, "h1") == ["fashion_mobilenet_v1_025_128"]
    assert chromium.execute_script(script, "h2") == [
        "Layers",
        "Shares",
        "Network",
        "Kernels",
        "Arena",
        "Flash",
        "Quantisation",
        "Verification",
        "Evaluation",
        "Provenance",
    ]
    assert "Bit-exact." in chromium.execute_script(script, ".verdicts li")[1]
    unnamed = "table:not(:has(caption)), th:not([scope]), [role=img]:not([aria-labelledby])"
    assert chromium.execute_script(script, unnamed) == []


def test_keyboard(chromium: Chrome, page: str) -> None:
    """Tab goes through the sections and the picture, whose buffers have arrows."""
    show(chromium, page, 1440, "light")
    met = []
    for _ in range(13):
        ActionChains(chromium).send_keys(Keys.TAB).perform()
        met.append(chromium.execute_script(FOCUSED))
    assert met[:12] == [
        "Skip to the report",
        "Layers",
        "Shares",
        "Network",
        "Kernels",
        "Arena",
        "Flash",
        "Quantisation",
        "Verification",
        "Evaluation",
        "Provenance",
        "Picture of the arena; arrow keys walk through its buffers",
    ]
    assert re.fullmatch(r"SHA-256 of all \d+ files of the build", met[12])


def test_arrow_keys_walk_through_the_buffers(chromium: Chrome, page: str) -> None:
    show(chromium, page, 1440, "light")
    chromium.execute_script("document.getElementById('arena-picture').focus()")
    status = "return document.getElementById('arena-status').textContent"
    rows = "return [...document.querySelectorAll('tr.current')].map((one) => one.id)"
    assert "press the arrow keys" in chromium.execute_script(status)
    for key, row, start in (
        (Keys.ARROW_RIGHT, "buffer-0", "input: 49,152 bytes"),
        (Keys.ARROW_RIGHT, "buffer-1", "conv1_relu: 32,768 bytes"),
        (Keys.ARROW_LEFT, "buffer-0", "input: 49,152 bytes"),
    ):
        ActionChains(chromium).send_keys(key).perform()
        assert chromium.execute_script(rows) == [row]
        assert chromium.execute_script(status).startswith(start)
    ActionChains(chromium).send_keys(Keys.ESCAPE).perform()
    assert chromium.execute_script(rows) == []
    assert chromium.get_log("browser") == []


def test_print(chromium: Chrome, page: str, tmp_path: Path) -> None:
    show(chromium, page, 1440, "dark")
    printed = chromium.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    pdf = base64.b64decode(printed["data"])
    (tmp_path / "report.pdf").write_bytes(pdf)
    assert pdf.startswith(b"%PDF")
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 8
    metrics = {"width": PAPER, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": dark})
    assert chromium.execute_script(OUTSIDE, PAPER) == []
    style = "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]"
    assert chromium.execute_script(style, "nav", "display") == "none"
    assert chromium.execute_script(style, "body", "backgroundColor") == "rgb(255, 255, 255)"


def test_pictures(chromium: Chrome, page: str, request: pytest.FixtureRequest) -> None:
    """``--update-pictures`` makes those of README and docs; here they are small enough to keep."""
    for name, width, last, scheme in (
        ("report-light", 1200, "#layers tr:nth-child(9)", "light"),
        ("report-dark", 1200, "#layers tr:nth-child(9)", "dark"),
        ("report-phone", 360, "#layers tr:nth-child(3)", "light"),
    ):
        show(chromium, page, width, scheme)
        end = "return document.querySelector(arguments[0]).getBoundingClientRect().bottom"
        height = round(chromium.execute_script(end, last)) + 8
        content = io.BytesIO()
        few_colours = picture(chromium, width, height).convert("RGB").quantize(256)
        few_colours.save(content, "PNG", optimize=True)
        assert 5_000 < len(content.getvalue()) < LARGEST_PICTURE
        if request.config.getoption("--update-pictures"):
            PICTURES.mkdir(parents=True, exist_ok=True)
            (PICTURES / f"{name}.png").write_bytes(content.getvalue())
