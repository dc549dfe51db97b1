"""Pages of people, outside of any clinic."""

from django.urls import path

from clinics import lock_views, profile_views, views

urlpatterns = [
    path("", views.home, name="home"),
    path("language/", views.set_language, name="set_language"),
    path("profile/", profile_views.profile, name="profile"),
    path("profile/tokens/", profile_views.token_create, name="token-create"),
    path("profile/tokens/<uuid:token_id>/revoke/", profile_views.token_revoke, name="token-revoke"),
    path("profile/preferences/", profile_views.preferences, name="preferences"),
    path("profile/keys/", profile_views.keys, name="keys"),
    path("profile/pin/", profile_views.pin, name="pin"),
    path("lock/", lock_views.lock, name="lock"),
    path("awake/", lock_views.awake, name="awake"),
    path("unlock/", lock_views.unlock, name="unlock"),
    path("unlock/passkey/", lock_views.unlock_by_passkey, name="unlock-by-passkey"),
    path("join/<str:token>/", views.invitation, name="invitation"),
]
