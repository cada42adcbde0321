"""A build over a data set: how often it is right, and whether every picture is bit-exact."""

from mcugen.evaluate.answer import Evaluation
from mcugen.evaluate.run import evaluate

__all__ = ["Evaluation", "evaluate"]
