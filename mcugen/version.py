"""The release of mcugen."""

__version__ = "0.1.0"
