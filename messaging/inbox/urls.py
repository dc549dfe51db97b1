"""The inbox's pages, below /c/<slug>/."""

from django.urls import path

from messaging.inbox import approved, bot, colleagues, deeds, requests, saved_texts, views, ways, writing

app_name = "inbox"

urlpatterns = [
    path("inbox/", views.page, name="page"),
    path("inbox/list/", views.list_fragment, name="list"),
    path("inbox/many/", deeds.many, name="many"),
    path("inbox/undo/", deeds.undo_list, name="undo-list"),
    path("inbox/undo/<uuid:batch>/", deeds.undo, name="undo"),
    path("inbox/menus/snooze/", deeds.snooze_menu, name="snooze-menu"),
    path("inbox/menus/assign/", deeds.assign_menu, name="assign-menu"),
    path("inbox/colleagues/", colleagues.names, name="colleagues"),
    path("inbox/requests/<uuid:appointment_id>/accept/", requests.accept, name="accept"),
    path("inbox/requests/<uuid:appointment_id>/decline/", requests.decline, name="decline"),
    path("inbox/requests/<uuid:appointment_id>/offer/", requests.offer, name="offer"),
    path("inbox/<uuid:conversation_id>/", views.thread, name="thread"),
    path("inbox/<uuid:conversation_id>/older/", views.older, name="older"),
    path("inbox/<uuid:conversation_id>/person/", views.person_fragment, name="person"),
    path("inbox/<uuid:conversation_id>/send/", writing.send, name="send"),
    path("inbox/<uuid:conversation_id>/note/", writing.note, name="note"),
    path("inbox/<uuid:conversation_id>/draft/", writing.draft, name="draft"),
    path("inbox/<uuid:conversation_id>/later/", writing.later, name="later"),
    path("inbox/<uuid:conversation_id>/writing/", saved_texts.writing, name="writing"),
    path("inbox/<uuid:conversation_id>/texts/", saved_texts.texts, name="texts"),
    path("inbox/<uuid:conversation_id>/approved/", approved.choices, name="approved"),
    path("inbox/<uuid:conversation_id>/approved/send/", approved.send, name="send-approved"),
    path("inbox/<uuid:conversation_id>/held/<uuid:message_id>/drop/", approved.drop_held, name="drop-held"),
    path(
        "inbox/<uuid:conversation_id>/held/<uuid:message_id>/reword/",
        approved.reword_held,
        name="reword-held",
    ),
    path("inbox/<uuid:conversation_id>/done/", deeds.done, name="done"),
    path("inbox/<uuid:conversation_id>/no-reply/", deeds.no_reply, name="no-reply"),
    path("inbox/<uuid:conversation_id>/reopen/", deeds.reopen, name="reopen"),
    path("inbox/<uuid:conversation_id>/block/", deeds.block, name="block"),
    path("inbox/<uuid:conversation_id>/unblock/", deeds.unblock, name="unblock"),
    path("inbox/<uuid:conversation_id>/snooze/", deeds.snooze, name="snooze"),
    path("inbox/<uuid:conversation_id>/assign/", deeds.assign, name="assign"),
    path("inbox/<uuid:conversation_id>/bot/", bot.switch, name="bot"),
    path("inbox/<uuid:conversation_id>/typing/", bot.typing, name="typing"),
    path("inbox/<uuid:conversation_id>/seen/", ways.seen, name="seen"),
    path(
        "inbox/<uuid:conversation_id>/messages/<uuid:message_id>/take-back/",
        writing.take_back,
        name="take-back",
    ),
    path("inbox/<uuid:conversation_id>/messages/<uuid:message_id>/again/", ways.again, name="again"),
    path("inbox/<uuid:conversation_id>/messages/<uuid:message_id>/by-sms/", ways.by_sms, name="by-sms"),
    path("inbox/<uuid:conversation_id>/messages/<uuid:message_id>/settled/", ways.settled, name="settled"),
    path("inbox/<uuid:conversation_id>/messages/<uuid:message_id>/coming/", ways.coming, name="coming"),
    path("inbox/<uuid:conversation_id>/messages/<uuid:message_id>/why/", views.why_fragment, name="why"),
]
