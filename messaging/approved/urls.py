"""The approved texts' pages, below /c/<slug>/."""

from django.urls import path

from messaging.approved import views

app_name = "approved-texts"

urlpatterns = [
    path("approved-texts/", views.page, name="page"),
    path("approved-texts/starter/", views.starter, name="starter"),
    path("approved-texts/sync/", views.sync, name="sync"),
    path("approved-texts/new/", views.new, name="new"),
    path("approved-texts/map/", views.map_existing, name="map"),
    path("approved-texts/<uuid:text_id>/", views.one, name="one"),
    path("approved-texts/<uuid:text_id>/again/", views.again, name="again"),
    path("approved-texts/<uuid:text_id>/anew/", views.anew, name="anew"),
    path("approved-texts/<uuid:text_id>/put-away/", views.put_away, name="put-away"),
]
