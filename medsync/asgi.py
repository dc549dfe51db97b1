"""HTTP and websockets on one port."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "medsync.settings")

from django.core.asgi import get_asgi_application

http = get_asgi_application()

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator

from medsync.checks import refuse_unsafe
from messaging.inbox.routing import websocket_urlpatterns
from messaging.webhooks.asgi import WebhookApplication

refuse_unsafe()
application = ProtocolTypeRouter(
    {
        "http": WebhookApplication(http),  # type: ignore[arg-type]  # the same protocol, other spellings
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
    }
)
