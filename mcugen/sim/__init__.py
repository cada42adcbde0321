"""Ways to run the model without a board: natively, on the virtual board, in QEMU."""
