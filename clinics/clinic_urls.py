"""Pages of a clinic that this room owns."""

from django.urls import path
from django.views.generic import RedirectView

from clinics import rail, settings_views
from clinics import team_views as views

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="today:page", query_string=True), name="clinic-home"),
    path("rail/", rail.fragment, name="rail"),
    path("settings/", settings_views.page, name="settings"),
    path("settings/<slug:slug>/", settings_views.save, name="settings-save"),
    path("team/", views.team, name="team"),
    path("team/invitations/", views.invitation_create, name="invitation-create"),
    path("team/invitations/<uuid:invitation_id>/revoke/", views.invitation_revoke, name="invitation-revoke"),
    path("team/<uuid:membership_id>/role/", views.member_role, name="member-role"),
    path("team/<uuid:membership_id>/remove/", views.member_remove, name="member-remove"),
    path("team/<uuid:membership_id>/password-link/", views.member_password_link, name="member-password-link"),
]
