"""Everything outside of a clinic's pages: log-in, the API, webhooks, the platform's admin, health."""

from django.urls import include, path, re_path

from clinics.api import fallback
from clinics.sites import platform_site
from medsync import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("accounts/", include("clinics.account_urls")),
    path("api/webhooks/", include("messaging.webhooks.urls")),
    path("api/", include("clinics.api.urls")),
    path("api/", include("scheduling.api.urls")),
    path("api/", include("messaging.api.urls")),
    re_path(r"^api(?:/|$)", fallback.unknown_path),
    path("", include("messaging.api.alias_urls")),
    path("admin/", platform_site.urls),
    path("", include("clinics.urls")),
    path("", include("messaging.alerts.public_urls")),
    path("", include("messaging.attachments.public_urls")),
]

handler400 = fallback.bad_request
handler500 = fallback.server_error
