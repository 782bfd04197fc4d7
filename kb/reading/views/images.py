"""Images of articles: served to who may read the article; by the file's address to the office alone."""

from __future__ import annotations

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest
from wagtail.images import get_image_model

from kb.items.lookup import find_item


def serve(request: HttpRequest, public_id: str, image_id: int) -> FileResponse:
    """A rendition of an image that the article shows; 404 for any other."""
    if image_id not in find_item(request.user, public_id).image_ids():
        raise Http404
    image = get_image_model().objects.filter(pk=image_id).first()
    if image is None:
        raise Http404
    rendition = image.get_rendition("max-1200x1200|format-png")
    response = FileResponse(rendition.file.open("rb"), content_type="image/png")
    response["Cache-Control"] = "private, max-age=3600"
    return response


#: What the admin's own screens show by address: pictures and their renditions, nothing that a browser would run.
SHOWN = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"}


def for_office(request: HttpRequest, name: str) -> FileResponse:
    """A picture at its file's address, for the lists and choosers of the admin; 404 for everybody else."""
    kind = SHOWN.get(name.rpartition(".")[2].lower())
    if (
        kind is None
        or not request.user.has_perm("wagtailadmin.access_admin")
        or ".." in name
        or not default_storage.exists(f"images/{name}")
    ):
        raise Http404
    response = FileResponse(default_storage.open(f"images/{name}", "rb"), content_type=kind)
    response["Cache-Control"] = "private, max-age=600"
    return response
