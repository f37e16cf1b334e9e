#!/bin/sh
# Installs a browser for delivery sessions if there is none; the argument is the path of the Python
# that this project is installed for.
#
# Playwright's browser needs system packages, and the system's chromium is one, so both need root.
# Other users get a list of what was tried and the command for an administrator.
set -eu
unset CDPATH

if [ $# -ne 1 ]; then
    echo "Usage: install_browser.sh PYTHON" >&2
    exit 2
fi
python=$1
log=$(mktemp)
trap 'rm -f "$log"' EXIT
tried=""

# Whether a browser is found and starts; if it does not start, path is its path and why the reason.
found() {
    path=""
    why=$("$python" -m category_crawler.delivery.browser 2>&1) || return 1
    path=$why
    if ! why=$("$path" --version 2>&1); then
        why="$path does not start: $(printf '%s\n' "$why" | tail -n 1)"
        return 1
    fi
    # Playwright's driver is a program of its own; a small Debian lacks a library of it.
    path=""
    why=$("$python" -m playwright --version 2>&1) && return
    why="Playwright's driver does not start: $(printf '%s\n' "$why" | grep -m 1 . )"
    return 1
}

# Runs an installing command and adds its result to tried.
try() {
    if "$@" >"$log" 2>&1; then
        said="succeeded"
    else
        said=$(grep -m 1 -i error "$log" || tail -n 1 "$log")
    fi
    tried="$tried
  $*: $said"
}

as_root() { [ "$(id -u)" = 0 ]; }

has() { command -v "$1" >/dev/null 2>&1; }

install_chromium() {
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium libatomic1
}

# The command for an administrator.
remedy() {
    if [ -n "$path" ]; then
        echo "\"$python\" -m playwright install-deps chromium"
    elif has apt-get; then
        echo "apt-get install chromium libatomic1"
    elif has dnf; then
        echo "dnf install chromium"
    elif has pacman; then
        echo "pacman -S chromium"
    elif has apk; then
        echo "apk add chromium"
    else
        echo "\"$python\" -m playwright install --with-deps chromium"
    fi
}

found && exit 0
if [ -n "${CHROMIUM_PATH:-}" ]; then
    echo "CHROMIUM_PATH names a browser that cannot be used: $why. Change it or unset it." >&2
    exit 1
fi

echo "Installing a browser for delivery sessions …"
at_first=$why
if as_root; then
    try "$python" -m playwright install --with-deps chromium
else
    try "$python" -m playwright install chromium
fi
found && exit 0

if as_root && has apt-get; then
    echo "Playwright's browser could not be installed; installing the system's chromium …"
    try install_chromium
    found && exit 0
fi

cat >&2 <<END
No browser could be installed. At first: $at_first.
Tried:$tried
Now: $why.
END
if as_root; then
    echo "Install chromium or Google Chrome, or name a browser with CHROMIUM_PATH." >&2
else
    cat >&2 <<END
Ask an administrator (root) to run:
  $(remedy)
Or name a browser of your own with CHROMIUM_PATH.
END
fi
exit 1
