"""``mcugen.toml``: a project's limits in its ``[check]`` table, read strictly."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from mcugen import files
from mcugen.budget.limits import LIMITS, Limit, given_limits
from mcugen.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE_NAME = "mcugen.toml"
_TABLE = "check"
_LARGEST_FILE = 65_536


def read_limits(path: Path) -> dict[Limit, float]:
    """The limits in a file; none where it has no ``[check]`` table.

    Raises UsageError U001 where it cannot be read, U006 for what is no limit.
    """
    try:
        content = tomllib.loads(files.read_text(path, _LARGEST_FILE))
    except OSError as error:
        raise UsageError(
            "U001", f"the limits cannot be read: {error.strerror}", where=str(path)
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError("U001", f"not a TOML file: {error}", where=str(path)) from error
    try:
        return given_limits(_texts(content))
    except ValueError as error:
        raise UsageError(
            "U006",
            str(error),
            where=f"{path}, [{_TABLE}]",
            hint=f"it has {', '.join(limit.option for limit in LIMITS)}, as numbers or texts",
        ) from None


def _texts(content: dict[str, Any]) -> dict[str, str]:
    others = [key for key in content if key != _TABLE]
    if others:
        raise ValueError(f"`{others[0]}` is nothing that mcugen knows")
    table = content.get(_TABLE, {})
    if not isinstance(table, dict):
        raise ValueError(f"`{_TABLE}` must be a table")
    known = {limit.option for limit in LIMITS}
    unknown = [key for key in table if key not in known]
    if unknown:
        raise ValueError(f"there is no limit `{unknown[0]}`")
    for key, value in table.items():
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError(f"`{key}` must be a number or a text")
    return {key: str(value) for key, value in table.items()}
