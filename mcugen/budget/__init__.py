"""What a build may take at most, and what of it is over that."""

from mcugen.budget.check import Checked, Finding, check_budget
from mcugen.budget.file import FILE_NAME, read_limits
from mcugen.budget.limits import LIMITS, Limit, given_limits

__all__ = [
    "FILE_NAME",
    "LIMITS",
    "Checked",
    "Finding",
    "Limit",
    "check_budget",
    "given_limits",
    "read_limits",
]
