"""The inbox's pages, below /c/<slug>/."""

from django.urls import path

from messaging.inbox import actions, views

app_name = "inbox"

urlpatterns = [
    path("inbox/", views.page, name="page"),
    path("inbox/list/", views.list_fragment, name="list"),
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
    path("inbox/<uuid:conversation_id>/messages/<uuid:message_id>/why/", views.why_fragment, name="why"),
]
