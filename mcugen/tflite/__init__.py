"""The TFLite file format: the only user of the FlatBuffer schema packages."""

from mcugen.tflite.read import parse_model, read_model
from mcugen.tflite.write import write_model

__all__ = ["parse_model", "read_model", "write_model"]
