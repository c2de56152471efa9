#!/usr/bin/env bash
# Creates .venv with this project and its pinned dependencies.   usage: setup.sh runtime|dev
# Returns at once when pyproject.toml, constraints.txt, the Python and the place are as last time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh

profile=${1:-dev}
case $profile in
runtime) wanted='.' ;;
dev) wanted='.[dev,bench]' ;;
*) die "usage: setup.sh runtime|dev" ;;
esac

# What the environment depends on; a moved checkout counts, because a .venv cannot be moved.
fingerprint() {
    { pwd && cat pyproject.toml constraints.txt scripts/setup.sh && .venv/bin/python -VV; } | sha256sum
}

stamped() {
    [ -f ".venv/.setup-$1" ] && [ "$(fingerprint 2>/dev/null)" = "$(cat ".venv/.setup-$1")" ]
}

# A .venv made here, and not one that came along with a moved or copied checkout.
usable() {
    is_new_enough .venv/bin/python && head -n 1 .venv/bin/pip | grep -qF "#!$PWD/.venv/bin/"
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# Debian ships `venv` without what it needs to put pip there, until python3-venv is installed.
can_make_venv() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

# Sets `python`: $PYTHON if given, else the first one here that will do.
find_python() {
    for python in ${PYTHON:-python3.11 python3 python3.12 python3.13 python3.14 /usr/bin/python3}; do
        is_new_enough "$python" && can_make_venv "$python" && return
    done
    return 1
}

ensure_python() {
    find_python && return
    on_debian_as_root || die "Python 3.11 or newer with its venv module is needed (python3-venv)"
    debian_install python3 python3-venv
    find_python || die "no Python 3.11 or newer here, and Debian's python3 is older"
}

if stamped dev || stamped "$profile"; then
    exit 0
fi
rm -f .venv/.setup-*
if ! usable; then
    ensure_python
    say "Creating .venv with $("$python" -V)"
    "$python" -m venv --clear .venv
fi
say "Installing the pinned dependencies into .venv (a minute or two the first time)"
# setuptools comes first and pinned: pip would fetch the newest one for an isolated build.
quietly .venv/bin/pip install --disable-pip-version-check -c constraints.txt setuptools
quietly .venv/bin/pip install --disable-pip-version-check -c constraints.txt \
    --no-build-isolation -e "$wanted"
fingerprint >".venv/.setup-$profile"
say "Ready: .venv/bin/gvq --help"
