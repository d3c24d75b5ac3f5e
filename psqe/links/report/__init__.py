"""Pages on predicted links, each of which needs no other file: a report on them, and one to judge them on.

The report shows typed facts. The review page lets a person accept and reject links, and writes the verdicts.
"""

from psqe.links.report.facts import LinkFacts, link_facts
from psqe.links.report.page import SECTIONS, LinkReport, link_report
from psqe.links.report.review import ReviewPage, review_page

__all__ = [
    "SECTIONS", "LinkFacts", "LinkReport", "ReviewPage", "link_facts", "link_report", "review_page",
]  # fmt: skip
