#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# The first program of a guest that writes to a journalled file system all the while, and checks it
# by what its memory knows of it. In each round it writes files over others, deletes some, drops its
# caches and compares every file with the checksum in memory; in every third round it also unmounts
# the file system and has it checked.
b=/bin/busybox
bad() {
  echo "disk guest bad: $*"
  while :; do $b sleep 3600; done
}
compare() {
  $b sync
  echo 3 >/proc/sys/vm/drop_caches
  $b cat /sums/* | $b md5sum -c -s - || bad "round $n: a file has other content"
}

$b mkdir -p /proc /sys /mnt /sums
$b mount -t devtmpfs dev /dev || bad dev
$b mount -t proc proc /proc || bad proc
$b mount -t sysfs sys /sys || bad sys
# Which one needs which depends on the kernel's version.
for _ in 1 2 3 4 5 6; do
  for module in /modules/*.ko; do $b insmod $module 2>/dev/null; done
done
[ -d /sys/module/virtio_blk ] || bad "no driver of the disk"
while [ ! -e /dev/vda ]; do $b sleep 1; done
$b mount -t ext4 -o commit=1 /dev/vda /mnt || bad mount
echo "disk guest ready"
n=0
while :; do
  n=$((n + 1))
  i=0
  while [ $i -lt 8 ]; do
    i=$((i + 1))
    name=$((n % 5))/$(((n * 8 + i) % 23))
    $b mkdir -p /mnt/${name%/*}
    $b dd if=/dev/urandom of=/mnt/$name bs=1k count=$(((n * 37 + i * 11) % 120 + 1)) 2>/dev/null ||
      bad "round $n: writing"
    $b md5sum /mnt/$name >/sums/${name%/*}-${name#*/}
    # Some are written back at once, some with the journal, some when the next round compares.
    [ $((i % 3)) != 0 ] || $b sync
  done
  old=$(((n + 2) % 5))/$(((n * 5) % 23))
  $b rm -f /mnt/$old /sums/${old%/*}-${old#*/}
  compare
  if [ $((n % 3)) = 0 ]; then
    $b umount /mnt || bad "round $n: unmounting"
    /sbin/e2fsck -f -n /dev/vda >/fsck 2>&1 || bad "round $n: $($b cat /fsck)"
    $b mount -t ext4 -o commit=1 /dev/vda /mnt || bad "round $n: mounting"
    compare
    echo "disk guest checked $n"
  fi
  echo "disk guest round $n"
done
