"""What was learned: one class a file. Import the models from here."""

from .article import Article
from .authorship import Authorship
from .challenge import Challenge
from .draft import Draft
from .identifiers import IdCounter
from .item import Item
from .lesson import Lesson, LessonSource
from .next_action import NextAction
from .pages import HomePage, TypeIndexPage, YearPage
from .reaction import Reaction
from .reference import Reference, ReferenceSource
from .reference_import import ReferenceImport
from .retrospective import Addendum, Answer, Retrospective
from .vocabulary import Scene, Stance, Term, Theme

__all__ = [
    "Addendum",
    "Answer",
    "Article",
    "Authorship",
    "Challenge",
    "Draft",
    "HomePage",
    "IdCounter",
    "Item",
    "Lesson",
    "LessonSource",
    "NextAction",
    "Reaction",
    "Reference",
    "ReferenceImport",
    "ReferenceSource",
    "Retrospective",
    "Scene",
    "Stance",
    "Term",
    "Theme",
    "TypeIndexPage",
    "YearPage",
]
