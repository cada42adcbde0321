"""The TFLite file format: the only user of the FlatBuffer schema packages."""

from mcugen.tflite.read import about, parse_model, read_model
from mcugen.tflite.write import write_model

__all__ = ["about", "parse_model", "read_model", "write_model"]
