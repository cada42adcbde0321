"""Finds what mcugen carries beside its Python: C templates and firmware sources.

They sit at the top of the repository, where people read them as C; the wheel carries them in
``mcugen/_data``. An editable install is a checkout.
"""

from __future__ import annotations

from pathlib import Path

from mcugen.errors import ToolchainError

_PACKAGE = Path(__file__).resolve().parent


def templates_dir() -> Path:
    """The folder of Jinja templates. Raises ToolchainError T007 where it is missing."""
    return _find("templates")


def firmware_dir() -> Path:
    """The folder of boards and firmware sources. Raises ToolchainError T007 as above."""
    return _find("firmware")


def _find(name: str) -> Path:
    for folder in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise ToolchainError(
        "T007",
        f"mcugen's own folder `{name}` is missing",
        where=str(_PACKAGE),
        hint="install mcugen again: `pip install --force-reinstall mcugen`",
    )
