"""Metadata of the build systems, from templates."""

from __future__ import annotations

from typing import Any

from mcugen.emit import render_template
from mcugen.manifest import Manifest
from mcugen.version import __version__

VERSION = "1.0.0"
"""Of every exported library: which one it is, its provenance says."""


def render(template: str, manifest: Manifest, **values: Any) -> str:
    """The file below ``templates/export/``."""
    first = manifest.models[0]
    return render_template(
        f"export/{template}.j2",
        name=first,
        NAME=first.upper(),
        models=manifest.models,
        model=manifest.model,
        board=manifest.board,
        library_version=VERSION,
        version=__version__,
        **values,
    )
