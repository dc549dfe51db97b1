"""The providers that this installation speaks, one folder each; `docs/adding-a-provider.md` says how to add one."""

from functools import cache
from importlib import import_module

from django.conf import settings

from messaging.providers.base import Provider
from messaging.providers.causes import KnownError
from messaging.providers.content import ContentProvider


class UnknownProvider(LookupError):
    """No provider of this name is switched on."""


@cache
def _load(paths: tuple[str, ...]) -> dict[str, Provider]:
    found: dict[str, Provider] = {}
    for path in paths:
        module, _, name = path.partition(":")
        provider: Provider = getattr(import_module(module), name)
        found[provider.slug] = provider
    return found


def _all() -> dict[str, Provider]:
    return _load(tuple(settings.MESSAGING_PROVIDERS))


def get(slug: str) -> Provider:
    """Return the provider of this name. Raises UnknownProvider."""
    try:
        return _all()[slug]
    except KeyError:
        raise UnknownProvider(slug) from None


def contents_of(slug: str) -> ContentProvider | None:
    """Return where this provider's approved texts are kept, None when it has none. Raises UnknownProvider."""
    found: ContentProvider | None = getattr(get(slug), "contents", None)
    return found


def known_error(code: str) -> KnownError | None:
    """Return what an error number means, None when no provider knows it.

    Whoever knows a number may be asked: no two providers mean different things by one (a test sees to it).
    """
    return next(filter(None, (provider.known_error(code) for provider in _all().values())), None)
