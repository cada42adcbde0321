"""Units of work on processes of this machine, or on a Dask cluster: the same answers from both."""

from mcugen.workers.runner import Runner, here

__all__ = ["Runner", "here"]
