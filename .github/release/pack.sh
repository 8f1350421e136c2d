#!/usr/bin/env bash
# Makes codex-proxy-TARGET.zip: the program, its packages, and the Node it runs on.
#
#   pack.sh TARGET NODE_DIR OUT_DIR
#
# TARGET    linux-x64 | linux-arm64 | windows-x64 | windows-arm64 | darwin-x64 | darwin-arm64
# NODE_DIR  an unpacked Node distribution for TARGET (bin/node or node.exe, and LICENSE)
#
# Runs in a clone in which `npm ci --ignore-scripts && npm run build && npm prune --omit=dev` have been run. Any machine can pack
# for any target: the one native module brings a binary for each.
set -euo pipefail
target=$1 node_dir=$2
mkdir -p "$3"
out=$(cd "$3" && pwd)
root=$(cd "$(dirname "$0")/../.." && pwd)
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
dir="$stage/codex-proxy-$target"

mkdir -p "$dir/app" "$dir/runtime"
cp -R "$root/dist" "$root/node_modules" "$root/package.json" "$dir/app/"
cp "$root/README.md" "$root/README.zh-CN.md" "$root/CONTRIBUTING.md" "$root/LICENSE" "$root/config.example.yaml" "$dir/"
# All of them: they refer to each other.
cp -R "$root/docs" "$dir/"

sqlite="$dir/app/node_modules/better-sqlite3"
binary="${target/windows/win32}.node"
test -f "$sqlite/prebuilds/$binary"
find "$sqlite/prebuilds" -type f ! -name "$binary" -delete
rm -rf "$sqlite/deps" "$sqlite/src"
# The encodings are in its WebAssembly already.
rm -rf "$dir/app/node_modules/tiktoken/encoders" "$dir/app/node_modules/tiktoken/lite"
find "$dir/app/node_modules" -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete

cp "$node_dir/LICENSE" "$dir/runtime/LICENSE"
if [[ $target == windows-* ]]; then
  cp "$node_dir/node.exe" "$dir/runtime/"
  printf '@echo off\r\n"%%~dp0runtime\\node.exe" "%%~dp0app\\dist\\main.js" %%*\r\n' > "$dir/codex-proxy.cmd"
else
  install -m 755 "$node_dir/bin/node" "$dir/runtime/node"
  cat > "$dir/codex-proxy" <<'LAUNCHER'
#!/bin/sh
here=$(dirname -- "$(readlink -f -- "$0")")
exec "$here/runtime/node" "$here/app/dist/main.js" "$@"
LAUNCHER
  chmod 755 "$dir/codex-proxy"
fi

rm -f "$out/codex-proxy-$target.zip"
(cd "$stage" && zip -q -r -X "$out/codex-proxy-$target.zip" "codex-proxy-$target")
echo "$out/codex-proxy-$target.zip"
