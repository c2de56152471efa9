# shellcheck shell=bash
# Shared by the scripts: saying what happens, and installing Debian packages. Sourced, never run.

say() { printf '==> %s\n' "$*"; }

die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

on_debian_as_root() { [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; }

has_postgres() {
    command -v postgres >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null
}

# quietly COMMAND…: shows the command's output only when it fails, and then fails with it.
quietly() {
    local log status=0
    log=$(mktemp)
    "$@" >"$log" 2>&1 </dev/null || status=$?
    [ "$status" -eq 0 ] || cat "$log" >&2
    rm -f "$log"
    return "$status"
}

# debian_install PACKAGE…: installs them without asking anything; waits for another apt to end.
# An update may fail for one foreign source while Debian's own are fine, so only the install counts.
debian_install() {
    say "Installing with apt-get: $*"
    quietly apt-get update -qq || say "apt-get update failed; going on with the package lists here"
    DEBIAN_FRONTEND=noninteractive quietly apt-get install -y -qq --no-install-recommends \
        -o DPkg::Lock::Timeout=300 "$@" || die "apt-get could not install: $*"
}

# The mirror that this Debian takes its own packages from; nothing when it cannot be told.
debian_mirror() {
    # shellcheck disable=SC2016  # apt-get fills these in
    apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' |
        sed -n "s/^$(. /etc/os-release && echo "$VERSION_CODENAME") //p" | head -n 1
}
