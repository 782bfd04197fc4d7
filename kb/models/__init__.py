"""The models of kb, one class in each file. Other modules import the models from this package."""

from .draft import Draft
from .items.article import Article
from .items.authorship import Authorship
from .items.challenge import Challenge
from .items.identifiers import IdCounter
from .items.item import Item
from .items.lesson import Lesson, LessonSource
from .items.next_action import NextAction
from .items.retrospective import Addendum, Answer, Retrospective
from .pages import HomePage, TypeIndexPage, YearPage
from .reaction import Reaction
from .reference import Reference, ReferenceSource
from .reference_import import ReferenceImport
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
