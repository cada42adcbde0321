#!/bin/sh
# Installs those of the named Debian packages whose programs are missing; touches nothing otherwise.
#
#     scripts/system-packages.sh gcc qemu-system-arm
set -eu

includes() { printf '#include <%s>\n' "$2" | "$1" -E - ; }

present() {
    case $1 in
    gcc) command -v cc ;;
    libc6-dev) includes cc stdio.h ;;
    gcc-arm-none-eabi) command -v arm-none-eabi-gcc ;;
    libnewlib-arm-none-eabi) includes arm-none-eabi-gcc string.h ;;
    chromium-driver) command -v chromedriver ;;
    dataset-fashion-mnist) [ -e /usr/share/datasets/fashion-mnist ] ;;
    python3-venv) "$(dirname "$0")/pick-python.sh" ;;
    *) command -v "$1" ;;
    esac >/dev/null 2>&1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "run this as root, then make again: $*" >&2
        exit 1
    fi
}

missing=
for package in "$@"; do
    present "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "missing, and this is no Debian or Ubuntu to install it on:$missing" >&2
    exit 1
fi
echo "installing:$missing"
# A third party's broken package source is no reason to stop; what matters is the install.
as_root apt-get update -qq || true
# shellcheck disable=SC2086  # a list of words
as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing

for package in "$@"; do
    present "$package" || { echo "$package is installed, yet does not work" >&2; exit 1; }
done
