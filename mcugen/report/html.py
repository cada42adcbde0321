"""``report.html``: one file that shows a build, without network and without anything beside it.

The same build folder gives the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

import jinja2
from markupsafe import Markup

from mcugen import resources
from mcugen.compare import compare_builds
from mcugen.errors import UsageError
from mcugen.manifest import FILE_NAME as MANIFEST_FILE
from mcugen.manifest import Manifest, read_manifest, read_model_manifest
from mcugen.report.evaluations import FILE_NAME as EVALUATION_FILE
from mcugen.report.evaluations import load_evaluations
from mcugen.report.page import Page, page_of
from mcugen.report.quantisation import read_quantisation
from mcugen.report.recorded import read_recorded, recorded
from mcugen.report.summary import summarise
from mcugen.report.verification import FILE_NAME as VERIFICATION_FILE
from mcugen.report.verification import load_verification
from mcugen.report.words import printable
from mcugen.report.write import write_whole

FILE_NAME = "report.html"


def write_reports(folder: Path) -> list[str]:
    """Writes the report of each model of the build in ``folder`` into it; the answer are the files'
    paths, that of the first model first. Raises as ``write_report``."""
    models = read_manifest(folder).models
    return [str(write_report(folder, model=model)["report"]) for model in models]


def write_report(
    folder: Path,
    output: Path | None = None,
    *,
    model: str | None = None,
    older: Path | None = None,
) -> dict[str, object]:
    """Writes the report of the build in ``folder``, by default into it; of several models that of
    the one called ``model``. With ``older`` it is compared with the build there.

    Returns the answer of ``report``. Raises UsageError U003 or U004 where the folder is not a whole
    build, U005 where the report cannot be written, U006 for no such model.
    """
    manifest = read_model_manifest(folder, model)
    build, verification = manifest.as_json(), load_verification(folder, manifest)
    comparison = None
    if older is not None:
        before = read_recorded(older, model)
        comparison = compare_builds(before, recorded(folder, manifest))
    evaluations = load_evaluations(folder, manifest)
    scales = read_quantisation(folder, manifest)
    page = page_of(build, verification, scales, evaluations, comparison)
    path = folder / manifest.own(FILE_NAME) if output is None else output
    _check_place(path, folder, manifest)
    write_whole(path, render_page(page))
    return {"report": str(path), **summarise(build, verification)}


def _check_place(path: Path, folder: Path, manifest: Manifest) -> None:
    """Raises UsageError U005 where the report would take the place of what was built."""
    kept = (MANIFEST_FILE, VERIFICATION_FILE, EVALUATION_FILE)
    built = (*manifest.files, *map(manifest.own, kept))
    if os.path.realpath(path) in {os.path.realpath(folder / name) for name in built}:
        raise UsageError(
            "U005",
            f"`{path.name}` is a file of the build, so it is not replaced",
            where=str(path),
            hint="name another file",
        )


def page_environment() -> jinja2.Environment:
    """For pages as HTML; what comes from files is escaped, and spelt out where it is no text."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resources.templates_dir()),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
        finalize=lambda value: printable(value) if type(value) is str else value,
    )
    environment.filters |= {"code": _code, "breakable": _breakable}
    return environment


def render_page(page: Page) -> str:
    """The page as HTML."""
    script = (resources.templates_dir() / "report.js").read_text("utf-8")
    # The page's policy lets this very script run and no other.
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        page_environment()
        .get_template("report.html.j2")
        .render(page=page, script=Markup(script), script_sha256=digest)
    )


def _breakable(name: str) -> Markup:
    """A name that may go on in the next line after an underscore."""
    return Markup("_<wbr>").join(printable(name).split("_"))


def _code(text: str) -> Markup:
    """Text in which what stands between backticks is code."""
    words, *rest = printable(text).split("`")
    marked = [
        Markup("<code>{}</code>" if place % 2 == 0 else "{}").format(part)
        for place, part in enumerate(rest)
    ]
    return Markup("").join((words, *marked))
