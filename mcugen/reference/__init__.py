"""What the model says: TensorFlow Lite's reference kernels, tensor by tensor."""

from mcugen.reference.agree import Disagreement, agreed_trace
from mcugen.reference.base import Reference, Trace
from mcugen.reference.guards import aborted
from mcugen.reference.load import load_references, make_references

__all__ = [
    "Disagreement",
    "Reference",
    "Trace",
    "aborted",
    "agreed_trace",
    "load_references",
    "make_references",
]
