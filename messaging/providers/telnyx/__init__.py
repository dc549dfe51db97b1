"""Telnyx: SMS by JSON webhooks signed with Ed25519 and the v2 REST API."""

from messaging.providers.telnyx.provider import TelnyxProvider

provider = TelnyxProvider()
