"""Models of learning: paths with their versions and steps, assignments and progress, courses and training records."""

from .assignment import (
    OPEN,
    RUNNING,
    STANDINGS,
    Assignment,
    AssignmentState,
    Extension,
    Source,
    Suspension,
    standing_q,
    valid_q,
)
from .course import Obligation, TrainingCourse
from .message import CalendarKey, Message, Reminder
from .path import LearningPath, PathVersion, Stage
from .progress import StepProgress
from .record import TrainingRecord
from .rule import AssignmentRule, SuccessorProposal
from .step import Completion, Step, StepGroup, StepType
from .training_import import Kind, TrainingImport, TrainingSource, UnmatchedRow

__all__ = [
    "OPEN",
    "RUNNING",
    "STANDINGS",
    "Assignment",
    "AssignmentRule",
    "AssignmentState",
    "CalendarKey",
    "Completion",
    "Extension",
    "Kind",
    "LearningPath",
    "Message",
    "Obligation",
    "PathVersion",
    "Reminder",
    "Source",
    "Stage",
    "Step",
    "StepGroup",
    "StepProgress",
    "StepType",
    "SuccessorProposal",
    "Suspension",
    "TrainingCourse",
    "TrainingImport",
    "TrainingRecord",
    "TrainingSource",
    "UnmatchedRow",
    "standing_q",
    "valid_q",
]
