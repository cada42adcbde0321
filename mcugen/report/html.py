"""``report.html``: one file that shows a build, without network and without anything beside it.

The same build folder gives the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import jinja2
from markupsafe import Markup

from mcugen import resources
from mcugen.manifest import read_manifest
from mcugen.report.page import Page, page_of
from mcugen.report.quantisation import read_quantisation
from mcugen.report.summary import summarise
from mcugen.report.verification import load_verification
from mcugen.report.write import write_whole

FILE_NAME = "report.html"


def write_report(folder: Path, output: Path | None = None) -> dict[str, object]:
    """Writes the report of the build in ``folder``, by default into it.

    Returns the answer of ``report``. Raises UsageError U003 or U004 where the folder is not a whole
    build, U005 where the report cannot be written.
    """
    manifest = read_manifest(folder)
    build, verification = manifest.as_json(), load_verification(folder, manifest)
    page = page_of(build, verification, read_quantisation(folder, manifest))
    path = folder / FILE_NAME if output is None else output
    write_whole(path, render_page(page))
    return {"report": str(path), **summarise(build, verification)}


def render_page(page: Page) -> str:
    """The page as HTML; what comes from files is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resources.templates_dir()),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    environment.filters["code"] = _code
    script = (resources.templates_dir() / "report.js").read_text("utf-8")
    # The page's policy lets this very script run and no other.
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("report.html.j2").render(
        page=page, script=Markup(script), script_sha256=digest
    )


def _code(text: str) -> Markup:
    """Text in which what stands between backticks is code."""
    words, *rest = text.split("`")
    marked = [
        Markup("<code>{}</code>" if place % 2 == 0 else "{}").format(part)
        for place, part in enumerate(rest)
    ]
    return Markup("").join((words, *marked))
