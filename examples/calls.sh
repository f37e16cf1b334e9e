#!/usr/bin/env bash
# The three calls with curl: schedule a category, poll until it is done, or cancel it.
#
#   CRAWLER_KEY=… examples/calls.sh            schedule and wait
#   CRAWLER_KEY=… examples/calls.sh cancel 7   cancel collection 7
#
# CRAWLER_TOKEN, from /users/login, works in place of the key. The other variables have defaults for
# `make serve` and a delivery session for amazon.com.au 4500: CRAWLER_API, CRAWLER_URL,
# CRAWLER_NODE, CRAWLER_DOMAIN, CRAWLER_POSTCODE, and CRAWLER_PAUSE (seconds between two polls).
set -euo pipefail

# Prints the comment at the top of this file.
usage() { awk 'NR > 1 { if (!sub(/^# ?/, "")) exit; print }' "$0"; }

refuse() {
    printf '%s\n\n' "$1" >&2
    usage >&2
    exit 2
}

case $#:${1:-} in
0:) ;;
1:-h | 1:--help) usage && exit ;;
1:cancel) refuse "Give the number of the collection to cancel." ;;
2:cancel) [[ $2 =~ ^[0-9]+$ ]] || refuse "The collection is a number, not '$2'." ;;
*) refuse "Not understood: $*" ;;
esac
[ -n "${CRAWLER_KEY:-}${CRAWLER_TOKEN:-}" ] || refuse "Set CRAWLER_KEY or CRAWLER_TOKEN."

API=${CRAWLER_API:-http://127.0.0.1:8000/api/v1}
URL=${CRAWLER_URL:-https://www.amazon.com.au/s?rh=n%3A4851693051}
NODE=${CRAWLER_NODE:-4851693051}
DOMAIN=${CRAWLER_DOMAIN:-amazon.com.au}
POSTCODE=${CRAWLER_POSTCODE:-4500}

# curl reads the credential from a file, because all users of the machine can see arguments.
call() {
    curl --silent --show-error --noproxy 127.0.0.1,localhost --max-time 60 \
        --header @<(credential) --header 'Content-Type: application/json' \
        --data "$2" "$API/schedules/amazon/category/$1/"
}

credential() {
    if [ -n "${CRAWLER_TOKEN:-}" ]; then
        printf 'Authorization: Token %s\n' "$CRAWLER_TOKEN"
    else
        printf 'x-api-key: %s\n' "$CRAWLER_KEY"
    fi
}

# The first value of a field in JSON on standard input, without jq, which may not be installed.
field() {
    grep -oE "\"$1\": *(\"[^\"]*\"|[0-9]+)" | head -n 1 | sed -E 's/^[^:]*: *"?([^"]*)"?$/\1/'
}

if [ "${1:-}" = cancel ]; then
    answer=$(call cancel "{\"collection_id\": $2}")
    echo "$answer"
    [ "$(echo "$answer" | field status)" = 1 ]
    exit
fi

answer=$(call add_schedule "{\"category_url\": \"$URL\", \"amazon_node_id\": \"$NODE\",
    \"domain\": \"$DOMAIN\", \"postcode\": \"$POSTCODE\"}")
echo "$answer" >&2
collection=$(echo "$answer" | field id) || exit 1

while true; do
    result=$(call result "{\"collection_id\": $collection}")
    stage=$(echo "$result" | field stage) || { echo "$result" >&2 && exit 1; }
    echo "$stage, $(echo "$result" | field asin_count) products" >&2
    case $stage in
        done) echo "$result" && exit ;;
        failed) echo "$result" && exit 1 ;;
    esac
    sleep "${CRAWLER_PAUSE:-2}"
done
