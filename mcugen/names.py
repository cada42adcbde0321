"""The C name of a library: of its folder and header, and before every name that others see."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import permutations

from mcugen.errors import UsageError

DEFAULT_NAME = "model"

_FORM = re.compile(r"[a-z][a-z0-9_]{0,30}")

_RESERVED = frozenset(
    # C11's keywords that have the form, then what a build's folders and C's own names are called.
    """auto break case char const continue default do double else enum extern float for goto if
    inline int long register restrict return short signed sizeof static struct switch typedef
    union unsigned void volatile while
    console firmware loader main mcugen objects""".split()  # noqa: SIM905
)
"""``mcugen_...`` are names that all libraries share."""


def check_names(names: Sequence[str]) -> None:
    """Raises UsageError U006 for what cannot be the name of a library, or of one beside the others.

    ``a`` and ``a_b`` cannot stand together: both could call something ``a_b_weights``.
    """
    for name in names:
        if _FORM.fullmatch(name) is None or name in _RESERVED:
            raise UsageError(
                "U006",
                f"a library cannot be called `{name}`",
                hint="a lower-case letter, then up to 30 lower-case letters, digits and `_`; "
                "no word of C, and no folder of a build",
            )
    for one, other in permutations(names, 2):
        if f"{one}_".startswith(f"{other}_"):
            raise UsageError(
                "U006",
                f"`{other}` and `{one}` cannot be two libraries of one firmware"
                if one != other
                else f"two models are called `{one}`",
                hint="choose names of which none begins like another one, with `--name`",
            )
