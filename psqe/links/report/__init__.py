"""A report on predicted links: typed facts first, then one HTML page that needs no other file."""

from psqe.links.report.facts import LinkFacts, link_facts
from psqe.links.report.page import SECTIONS, LinkReport, link_report

__all__ = ["SECTIONS", "LinkFacts", "LinkReport", "link_facts", "link_report"]
