"""What to do in each system to connect it, as Markdown: for the pages, and the same text stands in `docs/lms`."""

from __future__ import annotations

from importlib import resources


def steps(key: str) -> str:
    """Return the steps of a system of `awarding.platform`; `HOOK_URL`, `SECRET` and `USERNAME` stand for what differs."""
    return resources.files("badgeissuer.web.guides").joinpath(f"{key}.md").read_text("utf-8")
