"""Approved texts of the built-in phones: whatever is submitted is approved by the time one looks again."""

from collections.abc import Sequence

from medsync.lib.ids import new_id
from messaging.providers.content import Content, ContentDraft


class LocalContents:
    """A reviewer who says yes to everything; keeps nothing."""

    def create(self, account_sid: str, secret: str, draft: ContentDraft) -> str:
        """Return a fresh content SID."""
        return f"HX{new_id().hex}"

    def submit(self, account_sid: str, secret: str, *, content_sid: str, name: str, category: str) -> Content:
        """Take the text for review."""
        return Content(content_sid=content_sid, approval="pending", category=category)

    def listed(self, account_sid: str, secret: str, *, submitted: Sequence[str]) -> Sequence[Content]:
        """Return every text that was submitted as approved; its words are known to who wrote it."""
        return [Content(content_sid=sid, approval="approved") for sid in submitted]
