"""Twilio: SMS and WhatsApp by form-encoded webhooks, TwiML answers and the 2010-04-01 REST API."""

from messaging.providers.twilio.provider import TwilioProvider

provider = TwilioProvider()
