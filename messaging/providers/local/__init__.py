"""The built-in provider: phones that live in this installation, for demonstration and development."""

from messaging.providers.local.provider import LocalProvider

provider = LocalProvider()
