"""Files of messages, below /c/<slug>/."""

from django.urls import path

from messaging.attachments import views

app_name = "attachments"

urlpatterns = [
    path("files/<uuid:attachment_id>/", views.show, name="show"),
    path("files/<uuid:attachment_id>/pages/<int:n>/", views.page, name="page"),
    path("files/<uuid:attachment_id>/again/", views.again, name="again"),
]
