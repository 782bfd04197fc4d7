"""Maps each step type to its form."""

from __future__ import annotations

from learning.authoring.forms.lookup import AskForm, ReadForm
from learning.authoring.forms.quiz import QuizForm
from learning.authoring.forms.step import CourseForm, EventForm, JobForm, StepForm, WriteForm
from learning.models import StepType

FORMS: dict[str, type[StepForm]] = {
    StepType.READ: ReadForm,
    StepType.WRITE: WriteForm,
    StepType.COURSE: CourseForm,
    StepType.ON_JOB: JobForm,
    StepType.ASK: AskForm,
    StepType.CHECK: QuizForm,
    StepType.EVENT: EventForm,
}
