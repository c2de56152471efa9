#!/usr/bin/env bash
# Builds the container images with buildah and tries each one.  usage: images.sh [public|debootstrap]
# public       base images as the Dockerfiles name them (the default)
# debootstrap  base images made here of Debian's packages (root), where no image registry is reached
# No container engine is needed: isolation is a chroot.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh

bases=${1:-public}
from=()
on_debian_as_root || die "this needs root on Debian"
command -v buildah >/dev/null || die "buildah is not here (Debian: apt-get install buildah crun)"

# What a build here needs to reach packages as this machine does; read-only, not in the image.
lent=()
for file in /etc/pip.conf /etc/ssl/certs/ca-certificates.crt; do
    [ ! -e "$file" ] || lent+=(--volume "$file:$file:ro")
done

# base NAME SUITE PACKAGES: keeps it as localhost/gvq-base/NAME. A mirror may be a frozen one,
# whose lists are past their date; that is let pass in these bases only.
base() {
    buildah inspect "localhost/gvq-base/$1" >/dev/null 2>&1 && return
    say "Making the base image $1 of Debian $2 (a minute or two)"
    local container root
    container=$(buildah from scratch)
    root=$(buildah mount "$container")
    # shellcheck disable=SC2046  # no mirror known here: no argument, so debootstrap's own
    quietly debootstrap --variant=minbase "--include=$3" "$2" "$root" $(debian_mirror)
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
    echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/90frozen-mirror"
    quietly buildah commit --rm "$container" "localhost/gvq-base/$1"
}

build() {
    say "Building gvq/$1"
    local name=$1
    shift
    quietly buildah build --isolation chroot --format docker --layers "${lent[@]}" \
        --ignorefile .dockerignore -t "localhost/gvq/$name" "$@" .
}

# Compose's own parser reads the composition, where there is one; it needs no engine.
check_composition() {
    local compose=(docker compose) filled
    "${compose[@]}" version >/dev/null 2>&1 || compose=(docker-compose)
    if ! "${compose[@]}" version >/dev/null 2>&1; then
        say "LEFT OUT: reading docker/compose.yaml, because docker compose is not here"
        return
    fi
    filled=$(mktemp)
    sed 's/=$/=secret/' docker/example.env >"$filled"
    quietly "${compose[@]}" --env-file "$filled" -f docker/compose.yaml config --quiet
    rm -f "$filled"
    say "docker/compose.yaml is well formed"
}

check_composition
if [ "$bases" = debootstrap ]; then
    command -v debootstrap >/dev/null || debian_install debootstrap
    base python bookworm python3,python3-venv,ca-certificates
    base asterisk sid ca-certificates
    from=(--build-arg PYTHON_IMAGE=localhost/gvq-base/python
        --build-arg ASTERISK_IMAGE=localhost/gvq-base/asterisk)
fi
build coordinator "${from[@]}" --target coordinator -f docker/gvq.Dockerfile
build adapter "${from[@]}" --target adapter -f docker/gvq.Dockerfile
build asterisk "${from[@]}" -f docker/asterisk.Dockerfile
exec scripts/try-images.sh
