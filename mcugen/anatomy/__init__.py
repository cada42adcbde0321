"""What a model is made of and what it costs, after Howard et al. (arXiv 1704.04861)."""

from mcugen.anatomy.anatomy import Anatomy, dissect, inspect

__all__ = ["Anatomy", "dissect", "inspect"]
