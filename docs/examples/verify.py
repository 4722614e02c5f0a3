"""Verifies a badge file: verify.py SERVICE FILE [RECIPIENT].

Exit codes: 0 rely on it, 1 do not, 3 not known yet, 2 the question was not answered. Needs httpx.
"""

import sys
import time
from pathlib import Path

import httpx


def verify(service: str, document: bytes, recipient: str = "") -> dict:
    """Return the report on a badge: JSON, a token, or a picture with the badge inside.

    The recipient goes into the form and not into the address, so that no log has it.
    """
    for _ in range(4):
        answer = httpx.post(f"{service}/verify", files={"file": document}, data={"recipient": recipient}, timeout=30)
        if answer.status_code not in (429, 503):
            break
        time.sleep(int(answer.headers.get("Retry-After", "5")))
    answer.raise_for_status()  # every verdict is a 200: anything else is no verdict
    return answer.json()


def decide(report: dict) -> int:
    """Return 0 to rely on it, 1 to not, 3 where that is not known."""
    if report["outcome"] == "INVALID":
        return 1
    if report["outcome"] == "INDETERMINATE":
        return 3  # nothing is known against it: ask again later, or ask a person
    return 0 if report["issuer"]["identity"] == "known" else 3  # good, but a person must say whether that issuer is trusted


if __name__ == "__main__":
    service, file, *recipient = sys.argv[1:]
    try:
        found = verify(service, Path(file).read_bytes(), *recipient)
    except httpx.HTTPError as error:
        print(f"not answered: {error}", file=sys.stderr)
        sys.exit(2)
    print(found["summary"])
    for step in found["steps"]:
        if step["outcome"] == found["outcome"] != "VALID":
            for fault in step["problems"]:
                print(f"- {fault['detail']} {fault['next']}")
    sys.exit(decide(found))
