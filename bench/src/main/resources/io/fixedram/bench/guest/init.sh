#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# The first program of a benchmark's guest. Each 8 MiB piece of the file is the same random bytes,
# begun one byte later, so that no page is like another and none can be compressed: drawing all of
# it at random would take an emulated processor minutes.
b=/bin/busybox
fail() {
  echo "fixedram guest failed"
  while :; do $b sleep 3600; done
}
piece() {
  $b dd if=/memory/random bs=1M count=8 skip="$1" iflag=skip_bytes 2>/dev/null
}

$b mkdir -p /memory
$b mount -t devtmpfs dev /dev || fail
$b mount -t tmpfs -o size=100% memory /memory || fail
$b head -c 8392704 /dev/urandom >/memory/random || fail
n=0
while [ $n -lt $((fixedram_fill / 8 - 1)) ]; do
  piece $n >>/memory/filled || fail
  n=$((n + 1))
done
echo "fixedram guest ready"
[ -n "$fixedram_dirty" ] || while :; do $b sleep 3600; done
# A hot half, rewritten over and over.
hot=$((n / 2 + 1))
while :; do
  n=$(((n + 1) % 4096))
  $b dd if=/memory/random of=/memory/filled bs=1M count=8 skip=$n iflag=skip_bytes \
    seek=$(((n % hot) * 8)) conv=notrunc 2>/dev/null
done
