#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Debian packages without touching the machine's own: apt with lists, downloads and locks in the
# directory DIR, where no rights are needed. The comparison and ./test run this.
#
#   private-apt.sh DIR PROGRAM [ARGUMENT]...   runs a program of apt; DIR/sources.list, if it is there,
#                                              takes the place of the machine's sources and preferences
#   private-apt.sh DIR unpack INTO             unpacks all that was downloaded
set -eu
work=$1 program=$2
shift 2
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/downloads"
cd "$work/downloads"
# What apt says is read by programs, so that it must not be translated.
export LC_ALL=C.UTF-8
unset LANGUAGE
if [ "$program" = unpack ]; then
  mkdir -p "$1"
  for package in "$work"/downloads/*.deb "$work"/cache/archives/*.deb; do
    [ ! -e "$package" ] || dpkg -x "$package" "$1"
  done
  exit
fi
if [ -e "$work/sources.list" ]; then
  set -- -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null "$@"
fi
exec "$program" -o Debug::NoLocking=1 -o APT::Sandbox::User="$(id -un)" \
  -o Dir::State="$work/state" -o Dir::State::status=/var/lib/dpkg/status -o Dir::Cache="$work/cache" "$@"
