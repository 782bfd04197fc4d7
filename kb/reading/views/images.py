"""Images of articles for readers of the article. Also image files by their address, for the admin only."""

from __future__ import annotations

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest
from wagtail.images import get_image_model

from kb.items.lookup import find_item


def serve_image(request: HttpRequest, public_id: str, image_id: int) -> FileResponse:
    """Serves a rendition of an image that the article shows. 404 if the article does not show the image, or if the
    reader may not read the article.
    """
    if image_id not in find_item(request.user, public_id).image_ids():
        raise Http404
    image = get_image_model().objects.filter(pk=image_id).first()
    if image is None:
        raise Http404
    rendition = image.get_rendition("max-1200x1200|format-png")
    response = FileResponse(rendition.file.open("rb"), content_type="image/png")
    response["Cache-Control"] = "private, max-age=3600"
    return response


#: The content types of the files that the admin may load by file address, by file extension. They are images only,
#: never a file that a browser would run.
CONTENT_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
}


def serve_admin_image(request: HttpRequest, name: str) -> FileResponse:
    """Serves an image file by its address, for the lists and choosers of the admin. 404 for users without access to the
    admin.
    """
    content_type = CONTENT_TYPES.get(name.rpartition(".")[2].lower())
    if (
        content_type is None
        or not request.user.has_perm("wagtailadmin.access_admin")
        or ".." in name
        or not default_storage.exists(f"images/{name}")
    ):
        raise Http404
    response = FileResponse(default_storage.open(f"images/{name}", "rb"), content_type=content_type)
    response["Cache-Control"] = "private, max-age=600"
    return response
