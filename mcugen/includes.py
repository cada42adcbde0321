"""Which headers a C file can see: what an object kept from an earlier compilation depends on."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from pathlib import Path

_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*[<"]([^">]+)[">]', re.MULTILINE)


class Headers:
    """The headers below a folder; all that have an included file's name count as included.

    That is more than the compiler may see, never less: include paths and conditions have no say.
    """

    def __init__(self, root: Path) -> None:
        self._named: dict[str, list[tuple[bytes, bytes]]] = defaultdict(list)
        for path in sorted(root.rglob("*.h")):
            name = path.relative_to(root).as_posix().encode()
            self._named[path.name].append((name, path.read_bytes()))

    def digest(self, source: bytes) -> bytes:
        """A hash of ``source`` and of every header that it includes, directly or not."""
        digest = hashlib.sha256(source)
        seen: set[str] = set()
        waiting = [source]
        while waiting:
            for name in sorted(set(_included(waiting.pop())) - seen):
                seen.add(name)
                for path, text in self._named.get(name, ()):
                    digest.update(path + b"\0" + hashlib.sha256(text).digest())
                    waiting.append(text)
        return digest.digest()


def _included(text: bytes) -> list[str]:
    return [name.decode(errors="replace").rpartition("/")[2] for name in _INCLUDE.findall(text)]
