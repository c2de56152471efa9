#!/usr/bin/env bash
# Builds the container images with buildah and tries each one.  usage: images.sh [public|debootstrap]
# public       base images as the Dockerfiles name them (the default)
# debootstrap  base images made here of Debian's packages (root), where no image registry is reached
# No container engine is needed: isolation is a chroot, on this machine's network.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh

bases=${1:-public}
[ "$(id -u)" -eq 0 ] || die "trying the images needs root"
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

# try IMAGE WHAT: runs the shell script on standard input in a container of the image, with a
# network of its own that has only loopback, so that nothing here is in the way.
try() {
    say "Trying gvq/$1: $2"
    local container script status=0
    script=$(cat)
    container=$(buildah from "localhost/gvq/$1")
    quietly unshare --net sh -euc 'ip link set lo up && exec "$@"' sh \
        buildah run --isolation chroot "$container" -- sh -euc "$within$script" || status=$?
    buildah rm "$container" >/dev/null
    [ "$status" -eq 0 ] || die "gvq/$1 failed its trial"
}

# within SECONDS COMMAND…: until it succeeds; at the end its failure is shown.
# shellcheck disable=SC2016  # expanded in the container
within='
within() {
    left=$1
    shift
    until "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || { "$@"; exit 1; }
        sleep 1
    done
}
'

images=()
if [ "$bases" = debootstrap ]; then
    on_debian_as_root || die "making base images needs root on Debian"
    command -v debootstrap >/dev/null || debian_install debootstrap
    base python bookworm python3,python3-venv,ca-certificates
    base asterisk sid ca-certificates
    images=(--build-arg PYTHON_IMAGE=localhost/gvq-base/python
        --build-arg ASTERISK_IMAGE=localhost/gvq-base/asterisk)
fi

build coordinator "${images[@]}" --target coordinator -f docker/gvq.Dockerfile
build adapter "${images[@]}" --target adapter -f docker/gvq.Dockerfile
build asterisk "${images[@]}" -f docker/asterisk.Dockerfile

try coordinator "gvq --help, not as root" <<'END'
gvq --help
test "$(id -un)" = gvq
END

try coordinator "gvq serve starts, answers /healthz and /readyz, and ends when told" <<'END'
ask() { python3 -c "import urllib.request as r; r.urlopen('http://127.0.0.1:8800/$1', timeout=2)"; }
gvq serve &
within 60 ask healthz
within 60 ask readyz
kill $!
wait $! || test $? -eq 143
END

try adapter "gvq adapter --help, not as root" <<'END'
gvq adapter --help
test "$(id -un)" = gvq
END

try asterisk "a box starts with its dialplan, manager, phones and trunks" <<'END'
asterisk -V
test "$(id -un)" = asterisk
export GVQ_BOX=a GVQ_AMI_SECRET=s GVQ_PHONE_SECRET=s GVQ_TRUNKS='b=192.0.2.12 c=192.0.2.13'
start-box >/tmp/log 2>&1 &
within 60 asterisk -rx 'core waitfullybooted'
has() { asterisk -rx "$1" | grep -q "$2" || { echo "$1: no $2"; cat /tmp/log; exit 1; }; }
has 'core show settings' 'System name: *a$'
has 'dialplan show gvq' Goto
has 'manager show user gvq' originate
has 'pjsip show transports' 0.0.0.0:5060
has 'pjsip show endpoints' ' 101 '
has 'pjsip show endpoints' ' gvq-c '
asterisk -rx 'core stop now'
wait
END
say "All images are built and work: localhost/gvq/{coordinator,adapter,asterisk}"
