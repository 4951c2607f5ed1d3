#!/bin/bash
# Puts the playground's folder together: the daemon's page, with the files of playground/page in the
# place of those of the same name; the core and its worker; models; and the service worker, which is
# told the name of every file and a version that follows from their contents. Comments that have lines of
# their own stay out of the page's modules. Fails beyond 2 MiB.
#
# usage: assemble.sh WASM-FOLDER PLAYGROUND-FOLDER MODEL.safetensors...
set -euo pipefail

wasm=$1
folder=$2
shift 2
most_bytes=$((2 << 20))

misread=$(find web playground/page clients/js/advect.js -name '*.js' -exec awk '
    FNR == 1 { inside = 0 }
    /^ *\/\*/ { inside = 1 }
    inside && /\*\// { if (!/\*\/ *$/) print FILENAME ":" FNR; inside = 0 }' {} +)
[[ -z $misread ]] || { echo "code after a comment that begins its line, which would be taken out: $misread" >&2; exit 1; }

rm -rf "$folder"
mkdir -p "$folder/core" "$folder/models" "$folder/clients/js"
cp -r web "$folder/"
rm -f "$folder"/web/{docs.html,docs.js,docs.css,index.html,preview.png}
cp -r playground/page/. "$folder/web/"
mv "$folder/web/index.html" "$folder/"
cp clients/js/advect.js "$folder/clients/js/"
find "$folder" -name '*.js' -exec sed -i -e '\|^ */\*.*\*/ *$|d' -e '\|^ */\*|,\|\*/ *$|d' {} +
cp "$wasm/advect.js" "$wasm/advect.wasm" playground/worker/*.js "$folder/core/"
cp "$@" "$folder/models/"
(cd "$folder/models" && printf '["%s"]\n' "$(printf '%s\n' *.safetensors | paste -sd, | sed 's/,/", "/g')" >models.json)

cd "$folder"
mapfile -t files < <(find . -type f -printf '%P\n' | sort)
version=$(sha256sum "${files[@]}" | sha256sum | cut -c1-16)
list=$(printf '", "%s' "${files[@]}")
sed -e "s|@VERSION@|$version|" -e "s|\"@FILES@\"|\"./$list\"|" "$OLDPWD/playground/service-worker.js" >service-worker.js

bytes=$(cat "${files[@]}" service-worker.js | wc -c)
echo "$folder: ${#files[@]} files, $bytes bytes"
[[ $bytes -le $most_bytes ]] || { echo "that is more than $most_bytes" >&2; rm -f index.html; exit 1; }
