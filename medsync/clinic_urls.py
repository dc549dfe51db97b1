"""A clinic's pages, below /c/<slug>/."""

from django.urls import include, path

from clinics.sites import clinic_site

urlpatterns = [
    path("admin/", clinic_site.urls),
    path("", include("clinics.clinic_urls")),
    path("", include("messaging.today.urls")),
    path("", include("messaging.inbox.urls")),
    path("", include("messaging.requests.urls")),
    path("", include("messaging.people.urls")),
    path("", include("messaging.saved_texts.urls")),
    path("", include("messaging.approved.urls")),
    path("", include("messaging.reminders.urls")),
    path("", include("messaging.search.urls")),
    path("", include("messaging.alerts.urls")),
    path("", include("messaging.numbers.urls")),
    path("", include("messaging.trouble.urls")),
    path("", include("messaging.phone.urls")),
    path("", include("messaging.attachments.urls")),
]
