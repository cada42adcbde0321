#!/bin/sh
# Flashes a build onto a virtual board over its serial port and talks to it, as one would to a real one.
#
#     scripts/demo-board.sh .venv/bin/mcugen build/demo examples/fashion
set -eu

mcugen=$1 build=$2 example=$3
port=$build-port

# A chip on which only the loader was installed: the application's part of its flash is erased.
head -c 32768 "$build/firmware-full.bin" > "$build-flash.bin"

"$mcugen" board --target stm32f7 --flash "$build-flash.bin" --link "$port" &
board=$!
trap 'kill -INT $board 2>/dev/null; wait $board || true' EXIT
for _ in 1 2 3 4 5 6 7 8 9 10; do
    [ -e "$port" ] && break
    sleep 1
done

set -x
"$mcugen" flash "$build" --port "$port"
"$mcugen" verify "$build" --port "$port" --count 2
"$mcugen" run "$build" --port "$port" --input "$example/sneaker.png" --labels "$example/labels.txt"
