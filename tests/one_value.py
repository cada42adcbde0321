"""Operators that are a function of one int8 value, and so a table of 256 answers."""

KINDS = ("ABS", "ELU", "HARD_SWISH", "LEAKY_RELU", "LOGISTIC", "RELU", "RELU6", "TANH")
