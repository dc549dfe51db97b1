"""Pages of people, outside of any clinic."""

from django.urls import path

from clinics import views

urlpatterns = [
    path("", views.home, name="home"),
    path("language/", views.set_language, name="set_language"),
    path("profile/", views.profile, name="profile"),
    path("profile/tokens/", views.token_create, name="token-create"),
    path("profile/tokens/<uuid:token_id>/revoke/", views.token_revoke, name="token-revoke"),
    path("join/<str:token>/", views.invitation, name="invitation"),
]
