"""The inbox's pages, below /c/<slug>/."""

from django.urls import path

from messaging.inbox import actions, bot, colleagues, views, ways

app_name = "inbox"

urlpatterns = [
    path("inbox/", views.page, name="page"),
    path("inbox/list/", views.list_fragment, name="list"),
    path("inbox/colleagues/", colleagues.names, name="colleagues"),
    path("inbox/requests/<uuid:appointment_id>/accept/", actions.accept, name="accept"),
    path("inbox/requests/<uuid:appointment_id>/decline/", actions.decline, name="decline"),
    path("inbox/requests/<uuid:appointment_id>/decline/text/", actions.decline_text, name="decline-text"),
    path("inbox/<uuid:conversation_id>/", views.thread, name="thread"),
    path("inbox/<uuid:conversation_id>/older/", views.older, name="older"),
    path("inbox/<uuid:conversation_id>/person/", views.person_fragment, name="person"),
    path("inbox/<uuid:conversation_id>/send/", actions.send, name="send"),
    path("inbox/<uuid:conversation_id>/note/", actions.note, name="note"),
    path("inbox/<uuid:conversation_id>/done/", actions.done, name="done"),
    path("inbox/<uuid:conversation_id>/no-reply/", actions.no_reply, name="no-reply"),
    path("inbox/<uuid:conversation_id>/bot/", bot.switch, name="bot"),
    path("inbox/<uuid:conversation_id>/typing/", bot.typing, name="typing"),
    path("inbox/<uuid:conversation_id>/seen/", ways.seen, name="seen"),
    path("inbox/<uuid:conversation_id>/messages/<uuid:message_id>/again/", ways.again, name="again"),
    path("inbox/<uuid:conversation_id>/messages/<uuid:message_id>/by-sms/", ways.by_sms, name="by-sms"),
    path("inbox/<uuid:conversation_id>/messages/<uuid:message_id>/settled/", ways.settled, name="settled"),
    path("inbox/<uuid:conversation_id>/messages/<uuid:message_id>/why/", views.why_fragment, name="why"),
]
