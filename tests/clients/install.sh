#!/bin/sh
# Put the programs that tests/clients drives into a folder outside of the project: sh install.sh DIR
#
# Each is installed by its own package manager; what cannot be is left out, and its tests skip and
# say so. What is there stays as it is, so that a second run costs nothing.
set -u
folder=${1:?usage: sh install.sh DIR}
mkdir -p "$folder"
cd "$folder" || exit 1

# fakeredis: the release that the dependencies of 0.49.6 were written for; they name no limit.
server() {
    [ -e "beads-mcp-$1/.ready" ] && return
    echo "installing beads-mcp $1 into $folder"
    version=$1
    shift
    "${PYTHON:-python3}" -m venv "beads-mcp-$version" &&
        "beads-mcp-$version/bin/pip" install --quiet --disable-pip-version-check \
            "beads-mcp==$version" "$@" &&
        touch "beads-mcp-$version/.ready" ||
        echo "beads-mcp $version was not installed"
}
server 0.49.6 'fakeredis<2.34'
server 1.3.2

if ! command -v npm >/dev/null; then
    echo "npm is not there: the clients in JavaScript were not installed"
elif [ ! -e npm/.ready ]; then
    echo "installing beads-ui and its like into $folder"
    mkdir -p npm
    [ -e npm/package.json ] || echo '{"private": true}' >npm/package.json
    npm install --prefix npm --silent --no-audit --no-fund --ignore-scripts \
        beads-ui@0.12.0 @herbcaudill/beads-sdk@1.0.0 @herbcaudill/beads-ui@0.5.3 \
        beads-workflows@0.1.1 opencode-beads@0.3.2 playwright-core@1 &&
        touch npm/.ready ||
        echo "the clients in JavaScript were not installed"
fi
