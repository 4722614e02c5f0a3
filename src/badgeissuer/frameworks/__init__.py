"""Frameworks for microcredentials as data, and how far an achievement has what each of them asks for.

What is said here is ours: no framework's owner has looked at it, and nobody conforms to anything by it.
"""

from badgeissuer.frameworks.appraisal import Appraisal, Gap, appraise
from badgeissuer.frameworks.facts import gather
from badgeissuer.frameworks.profile import ALL, Element, Framework, find

__all__ = ["ALL", "Appraisal", "Element", "Framework", "Gap", "appraise", "find", "gather"]
