"""mcugen compiles trained int8 .tflite models into verified Cortex-M firmware."""

__version__ = "0.1.0"
