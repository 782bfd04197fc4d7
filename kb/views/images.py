"""Images of articles: served only to who may read the article, never by the file's address (trust.md)."""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpRequest
from wagtail.images import get_image_model

from kb.models import Article
from kb.views.item import find


def serve(request: HttpRequest, public_id: str, image_id: int) -> FileResponse:
    """A rendition of an image that the article shows; 404 for any other."""
    article = find(request.user, public_id)
    if not isinstance(article, Article) or image_id not in article.image_ids():
        raise Http404
    image = get_image_model().objects.filter(pk=image_id).first()
    if image is None:
        raise Http404
    rendition = image.get_rendition("max-1200x1200|format-png")
    response = FileResponse(rendition.file.open("rb"), content_type="image/png")
    response["Cache-Control"] = "private, max-age=3600"
    return response
