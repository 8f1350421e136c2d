#!/usr/bin/env bash
# Fetches the Node that the lock file names, for TARGET, checks it against the published sums, and unpacks it into DIR.
#
#   fetch-node.sh TARGET DIR
set -euo pipefail
target=$1 dir=$2
root=$(cd "$(dirname "$0")/../.." && pwd)
version=$(node -p "require('$root/package-lock.json').packages['node_modules/node'].version")
base="https://nodejs.org/dist/v$version"
case $target in
  windows-*) file="node-v$version-win-${target#windows-}.zip" ;;
  *) file="node-v$version-$target.tar.gz" ;;
esac

mkdir -p "$dir"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
curl --silent --show-error --fail --location --retry 3 --output "$work/$file" "$base/$file"
curl --silent --show-error --fail --location --retry 3 --output "$work/SHASUMS256.txt" "$base/SHASUMS256.txt"
(cd "$work" && grep " $file\$" SHASUMS256.txt | sha256sum --check --quiet)
case $file in
  *.zip) unzip -q "$work/$file" -d "$work" && cp -R "$work/${file%.zip}/." "$dir" ;;
  *) tar --extract --gzip --file "$work/$file" --strip-components 1 --directory "$dir" ;;
esac
