"""The URLs of the knowledge base: home, help, writing, review, units, and the item at its permalink."""

from django.urls import path

from kb.lifecycle.views import challenge
from kb.reading.views import history, home, images, item, item_actions, unit
from kb.review import views as review
from kb.writing.views import begin, write

urlpatterns = [
    path("", home.home_page, name="home"),
    path("help/", home.help_page, name="help"),
    path("write/", begin.choose_format, name="write"),
    path("write/questions/", begin.propose_format, name="write_questions"),
    path("write/new/<slug:kind>/", begin.begin_draft, name="write_new"),
    path("write/<uuid:uid>/", write.write_draft, name="write_draft"),
    path("write/<uuid:uid>/autosave/", write.autosave_draft, name="write_autosave"),
    path("write/<uuid:uid>/rebase/", write.rebase_draft, name="write_rebase"),
    path("write/<uuid:uid>/discard/", write.discard_draft, name="write_discard"),
    path("review/", review.review_queue, name="review"),
    path("review/<str:public_id>/", review.review_item, name="review_item"),
    path("units/", unit.unit_list, name="units"),
    path("units/<uuid:uid>/", unit.unit_page, name="unit"),
    path("k/<str:public_id>/", item.item_page, name="item"),
    path("k/<str:public_id>/useful/", item_actions.toggle_useful, name="item_useful"),
    path("k/<str:public_id>/edit/", item_actions.edit_item, name="item_edit"),
    path("k/<str:public_id>/withdraw/", item_actions.withdraw_item, name="item_withdraw"),
    path("k/<str:public_id>/audience/", item_actions.change_audience, name="item_audience"),
    path("k/<str:public_id>/addendum/", item_actions.add_addendum, name="item_addendum"),
    path("k/<str:public_id>/promote/<uuid:answer_uid>/", write.promote_answer, name="item_promote"),
    path("k/<str:public_id>/history/", history.item_history, name="item_history"),
    path("k/<str:public_id>/history/<int:older>/<int:newer>/", history.compare_versions, name="item_compare"),
    path("k/<str:public_id>/images/<int:image_id>/", images.serve_image, name="item_image"),
    path("media/images/<path:name>", images.serve_admin_image, name="office_image"),
    path("k/<str:public_id>/challenge/<slug:move>/", challenge.move_challenge, name="challenge_move"),
]
