#!/bin/sh
# Verifies a badge file: verify.sh SERVICE FILE [RECIPIENT]
# Exit codes: 0 rely on it, 1 do not, 3 not known yet, 2 the question was not answered. Needs curl and python3.
set -u
service=$1 file=$2 recipient=${3:-}

get() { printf '%s' "$report" | python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }

set -- --form "file=@$file"
[ -n "$recipient" ] && set -- "$@" --form-string "recipient=$recipient" # in the form, so that no log has it
# A 429 or 503 is asked again, as late as its Retry-After says. Every verdict is a 200.
if ! report=$(curl --silent --show-error --fail --retry 3 --header 'Accept: application/json' "$@" "$service/verify"); then
  echo 'not answered' >&2
  exit 2
fi

get '["summary"]'
case "$(get '["outcome"]') $(get '["issuer"]["identity"]')" in
  "VALID known") exit 0 ;;
  INVALID*) exit 1 ;;
  VALID*) exit 3 ;; # good, but a person must say whether that issuer is trusted
  *) exit 3 ;;      # INDETERMINATE: nothing is known against it; ask again later, or ask a person
esac
