# The two commands of the README are `make demo` and `make test`. Each installs what is missing
# (Debian packages, a virtual environment) and then does its job.

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

COMPILERS := gcc libc6-dev gcc-arm-none-eabi libnewlib-arm-none-eabi
FOR_TESTS := qemu-system-arm cmake stm32flash chromium chromium-driver dataset-fashion-mnist
PYTHON_PACKAGES := python3-venv

EXAMPLE := examples/fashion
DEMO := build/demo
C_FILES = $(shell find examples firmware tests -name '*.[ch]' -not -path 'tests/golden/*')

.PHONY: help demo test check lint format install clean

help:
	@echo "make demo    build a MobileNetV1 for the STM32F7, verify it, flash it to a virtual board"
	@echo "make test    everything CI runs: lint, types, import contracts, tests"
	@echo "make format  format Python and C"
	@echo "make clean   remove what make made"

demo: $(INSTALLED)
	@scripts/system-packages.sh $(COMPILERS)
	$(BIN)/mcugen build $(EXAMPLE)/fashion_mobilenet_v1_025_128.tflite --target stm32f7 -o $(DEMO)
	$(BIN)/mcugen verify $(DEMO) --sim
	scripts/demo-board.sh $(BIN)/mcugen $(DEMO) $(EXAMPLE)

test: check

check: lint
	@scripts/system-packages.sh $(COMPILERS) $(FOR_TESTS)
	$(BIN)/pytest -n 2

lint: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/clang-format --dry-run -Werror $(C_FILES)

format: $(INSTALLED)
	$(BIN)/ruff format
	$(BIN)/ruff check --fix
	$(BIN)/clang-format -i $(C_FILES)

install: $(INSTALLED)

$(INSTALLED): pyproject.toml
	@scripts/system-packages.sh $(PYTHON_PACKAGES)
	@scripts/make-venv.sh $(VENV)
	@touch $@

clean:
	rm -rf $(VENV) build dist .grimp_cache .hypothesis .import_linter_cache .mypy_cache \
		.pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
