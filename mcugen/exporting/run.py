"""``export``: the folder of a flavour, with licences and where it comes from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcugen.errors import UsageError
from mcugen.exporting.layouts import FLAVOURS, Flavour
from mcugen.exporting.sources import sources_of
from mcugen.exporting.texts import render
from mcugen.manifest import Manifest, read_manifest
from mcugen.staging import staged, write_tree

MARK = "mcugen-export.json"
"""Says what an exported folder was made of; a folder without it is not replaced."""


@dataclass(frozen=True)
class ExportResult:
    """A finished folder: ``files`` by their paths in it, what to do with it, and how far that was
    tried."""

    folder: Path
    flavour: str
    files: tuple[str, ...]
    use: str
    tried: str

    def as_json(self) -> dict[str, Any]:
        return {
            "status": "ok",
            "as": self.flavour,
            "output": str(self.folder),
            "files": list(self.files),
            "use": self.use,
            "tried": self.tried,
        }


def export(build: Path, *, flavour: str, output: Path) -> ExportResult:
    """Writes the libraries and the console of the build in ``build`` to ``output``, as ``flavour``
    expects them.

    Raises UsageError U001, U003 or U004 for the build, U005 for the output, U006 for a flavour that
    is none.
    """
    made = FLAVOURS.get(flavour)
    if made is None:
        raise UsageError(
            "U006",
            f"nothing is exported as `{flavour}`",
            hint=f"choose one of {', '.join(FLAVOURS)}",
        )
    manifest = read_manifest(build)
    tree = made.make(sources_of(build, manifest), manifest)
    tree |= {"NOTICES.txt": render("NOTICES.txt", manifest, backends=manifest.backends)}
    tree |= {MARK: _provenance(made, manifest)}
    with staged(output, MARK) as folder:
        write_tree(folder, tree)
    names = {"name": manifest.models[0], "NAME": manifest.models[0].upper()}
    console = f"{manifest.models[0]}_console"
    use = made.use.format(**names, console=console)
    return ExportResult(output, flavour, tuple(sorted(tree)), use, made.tried)


def _provenance(flavour: Flavour, manifest: Manifest) -> str:
    fields = {
        "as": flavour.name,
        "mcugen": manifest.mcugen,
        "libraries": list(manifest.models),
        "model": manifest.model,
        "model_sha256": manifest.model_sha256,
        "board": manifest.board,
    }
    return json.dumps(fields, indent=2) + "\n"
