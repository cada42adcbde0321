"""The C of a build that goes into other projects, and how folders of it are made one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mcugen import files
from mcugen.errors import UsageError
from mcugen.kernels import kernels_once
from mcugen.manifest import Manifest

CONSOLE = "console"

_INCLUDE = re.compile(r'(#\s*include\s*")([^"]*/)?([^"/]+")')
_LICENCE = "LICENSE.txt"

Tree = Mapping[str, str]
"""Path within a folder -> text."""


@dataclass(frozen=True)
class Sources:
    """What a build has: ``tree`` by paths in the build folder, ``libraries`` the names of its
    models. ``public`` are the headers that a program includes."""

    tree: Tree
    libraries: tuple[str, ...]

    @property
    def c_files(self) -> tuple[str, ...]:
        """Each kernel once, where several libraries bring the same."""
        return tuple(kernels_once(path for path in self.tree if path.endswith(".c")))

    @property
    def public(self) -> tuple[str, ...]:
        own = {f"{name}.h" for name in self.libraries}
        return tuple(
            path
            for path in self.tree
            if _base(path) in own or (path.startswith(f"{CONSOLE}/") and path in self._included)
        )

    @property
    def _included(self) -> frozenset[str]:
        """The console's headers that a program sees, and what these include."""
        start = {f"{CONSOLE}/mcugen_console.h", f"{CONSOLE}/mcugen_models.h"}
        seen: set[str] = set()
        while start:
            path = start.pop()
            seen.add(path)
            named = (found[3].rstrip('"') for found in _INCLUDE.finditer(self.tree[path]))
            start |= {other for name in named if (other := f"{CONSOLE}/{name}") in self.tree} - seen
        return frozenset(seen)

    def flat(self) -> dict[str, str]:
        """All C in one folder, with includes that find it there. Raises UsageError U006 where two
        files would be one."""
        headers = [path for path in self.tree if path.endswith(".h")]
        placed: dict[str, str] = {}
        for path in (*self.c_files, *headers):
            name, text = _base(path), _flat_includes(self.tree[path])
            if placed.setdefault(name, text) != text:
                raise UsageError(
                    "U006",
                    f"two different files are called `{name}`, and cannot be in one folder",
                    where=path,
                    hint="export as `cmake`, which keeps folders",
                )
        return placed

    def licences(self) -> dict[str, str]:
        """Licences of what others wrote, by a name of their own."""
        return {
            f"LICENSE-{Path(path).parent.name}.txt": text
            for path, text in self.tree.items()
            if _base(path) == _LICENCE
        }


def sources_of(folder: Path, manifest: Manifest) -> Sources:
    """The libraries and the console of the build in ``folder``. Raises UsageError U001."""
    wanted = (*manifest.models, CONSOLE)
    paths = [path for path in sorted(manifest.files) if path.partition("/")[0] in wanted]
    try:
        tree = {path: files.read_text(folder / path, files.BUILT_BYTES) for path in paths}
    except OSError as error:
        raise UsageError(
            "U001", f"cannot read the build: {error.strerror}", where=str(error.filename)
        ) from error
    return Sources(tree, manifest.models)


def _base(path: str) -> str:
    return path.rpartition("/")[2]


def _flat_includes(text: str) -> str:
    return _INCLUDE.sub(r"\1\3", text)
