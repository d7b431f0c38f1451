#!/bin/sh
# Put the programs that tests/compat/clients drives into a folder outside of the project: sh install.sh DIR
#
# Each is installed by its own package manager; what cannot be is left out, and its tests skip and
# say so. What is there stays as it is, so that a second run costs nothing.
set -u
folder=${1:?usage: sh install.sh DIR}
mkdir -p "$folder"
cd "$folder" || exit 1

# python_program NAME VERSION [REQUIREMENT]: a virtual environment of its own, NAME-VERSION.
python_program() {
    target=$1-$2
    [ -e "$target/.ready" ] && return
    echo "installing $1 $2 into $folder"
    package=$1==$2
    shift 2
    "${PYTHON:-python3}" -m venv "$target" &&
        "$target/bin/pip" install --quiet --disable-pip-version-check "$package" "$@" &&
        touch "$target/.ready" ||
        echo "$package was not installed"
}
# fakeredis: the release that the dependencies of 0.49.6 were written for; they name no limit.
python_program beads-mcp 0.49.6 'fakeredis<2.34'
python_program beads-mcp 1.3.2
python_program iflow-mcp-lns2905-beads-village 1.3.0
python_program beadsflow 0.1.0

if ! command -v npm >/dev/null; then
    echo "npm is not there: the clients in JavaScript were not installed"
elif [ ! -e npm/.ready ]; then
    echo "installing beads-ui and its like into $folder"
    mkdir -p npm
    [ -e npm/package.json ] || echo '{"private": true}' >npm/package.json
    # Two of them want a newer node than many systems have; its own package brings one.
    case $(node --version 2>/dev/null) in
    v2[2-9].* | v[3-9]*) newer= ;;
    *) newer=$(node -p '`node-${process.platform}-${process.arch}@22`' 2>/dev/null) ;;
    esac
    npm install --prefix npm --silent --no-audit --no-fund --ignore-scripts \
        beads-ui@0.12.0 @herbcaudill/beads-sdk@1.0.0 @herbcaudill/beads-ui@0.5.3 \
        beads-orchestration@2.2.0 opencode-beads@0.3.2 playwright-core@1 $newer &&
        touch npm/.ready ||
        echo "the clients in JavaScript were not installed"
fi
