"""The operators: one file each, `registry.py` lists them."""
