"""Settings. Everything comes from the environment; each default is safe for a first run on one machine.

`medsync.checks` refuses to start a production (MEDSYNC_ENV=production) on an unsafe one.
"""

from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF

from clinics import branding
from medsync.logs import logging_config
from medsync.stack import locate

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()

PRODUCTION = env.str("MEDSYNC_ENV", "") == "production"
DEBUG = env.bool("DEBUG", False)
DEMO = env.bool("MEDSYNC_DEMO", not PRODUCTION)

SECRET_KEY = locate.secret_key() or "insecure-key-for-commands-that-store-nothing"
FIELD_ENCRYPTION_KEYS: list[str] = [k for k in (locate.field_encryption_keys() or "").split(",") if k]

# ── Where we are ─────────────────────────────────────────────────────────────────────────────────────────────────
ALLOWED_ORIGINS: list[str] = env.list("ALLOWED_ORIGINS", default=[])
TWILIO_WEBHOOK_BASE_URL = env.str("TWILIO_WEBHOOK_BASE_URL", "") or (
    ALLOWED_ORIGINS[0] if ALLOWED_ORIGINS else ""
)
PUBLIC_BASE_URL = (
    env.str("MEDSYNC_BASE_URL", "")
    or (ALLOWED_ORIGINS[0] if ALLOWED_ORIGINS else "")
    or locate.base_url()
    or f"http://127.0.0.1:{env.int('MEDSYNC_PORT', locate.DEFAULT_PORT)}"
)
_public_hosts = [
    origin.split("://")[-1].split("/")[0].split(":")[0] for origin in [*ALLOWED_ORIGINS, PUBLIC_BASE_URL]
]
if TWILIO_WEBHOOK_BASE_URL:
    _public_hosts.append(TWILIO_WEBHOOK_BASE_URL.split("://")[-1].split("/")[0].split(":")[0])
ALLOWED_HOSTS: list[str] = env.list(
    "ALLOWED_HOSTS", default=[*dict.fromkeys(_public_hosts), "localhost", "127.0.0.1"]
)
CSRF_TRUSTED_ORIGINS = ALLOWED_ORIGINS
# Set it where a proxy ends TLS and overwrites the header; without such a proxy anybody could forge it.
if env.bool("BEHIND_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    ALLAUTH_TRUSTED_PROXY_COUNT = 1  # log-in limits count the address that the proxy names

# ── Apps ─────────────────────────────────────────────────────────────────────────────────────────────────────────
SHARED_APPS = [
    "unfold",  # before django_tenants, whose admin templates would win
    "unfold.contrib.import_export",
    "django_tenants",
    "clinics",
    "medsync.stack",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",  # a tag of allauth's pages
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_celery_beat",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "import_export",
    "phonenumber_field",
    "django_htmx",
    "template_partials",
    "csp",
]
TENANT_APPS = [
    "django.contrib.admin",  # each clinic's own admin log
    "scheduling",
    "messaging",
]
INSTALLED_APPS = [*SHARED_APPS, *[app for app in TENANT_APPS if app not in SHARED_APPS]]
TENANT_MODEL = "clinics.Clinic"
TENANT_DOMAIN_MODEL = "clinics.Domain"
TENANT_LIMIT_SET_CALLS = True
TENANT_BASE_MIGRATE_COMMAND = "medsync.stack.migrating.Command"
TENANT_MULTIPROCESSING_MAX_PROCESSES = 2
PUBLIC_SCHEMA_URLCONF = "medsync.urls"
ROOT_URLCONF = "medsync.urls"
ASGI_APPLICATION = "medsync.asgi.application"
AUTH_USER_MODEL = "clinics.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MIDDLEWARE = [
    "clinics.middleware.CleanPathMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",  # before the lock, whose page carries a form
    "clinics.middleware.LockMiddleware",
    "clinics.middleware.ClinicMiddleware",  # after the user is known, before anything resolves a URL
    "django.middleware.common.CommonMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "clinics.rail.context",
            ],
        },
    }
]

# ── Database, cache, broker, channel layer ───────────────────────────────────────────────────────────────────────
_database_url = locate.database_url() or "postgres://postgres@/medsync?host=/nowhere"
DATABASES: dict[str, Any] = {"default": env.db_url_config(_database_url)}
DATABASES["default"] |= {
    "ENGINE": "django_tenants.postgresql_backend",
    "CONN_MAX_AGE": 0,
    "CONN_HEALTH_CHECKS": True,
    "ATOMIC_REQUESTS": False,
}
DATABASES["default"].setdefault("OPTIONS", {})
DATABASES["default"]["OPTIONS"] |= {
    # Under ASGI a connection that is kept has no next user; the pool does what CONN_MAX_AGE cannot.
    # Backends remember every clinic they touched, so connections are recycled.
    "pool": {"min_size": 2, "max_size": env.int("MEDSYNC_POOL", 20), "timeout": 5, "max_lifetime": 600},
    "connect_timeout": 3,
    "options": "-c statement_timeout=30s -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s",
}
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]

REDIS_URL = locate.redis_url() or ""
if REDIS_URL:
    CACHES: dict[str, Any] = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_FUNCTION": "django_tenants.cache.make_key",
        }
    }
    CHANNEL_LAYERS: dict[str, Any] = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL]},
        }
    }
    CELERY_BROKER_URL = locate.broker_url(REDIS_URL)
else:  # tests, and commands without a stack
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "KEY_FUNCTION": "django_tenants.cache.make_key",
        }
    }
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    CELERY_BROKER_URL = "memory://"

CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "socket_connect_timeout": 3,
    "socket_timeout": 10,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
CELERY_BEAT_SYNC_EVERY = 1  # each tick is noted at once, so that the doctor sees a beat that has stopped
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_CONCURRENCY = env.int("MEDSYNC_WORKER_THREADS", 8)

# All that is periodic. Each is one public task that starts a task in every clinic that has something due.
CELERY_BEAT_SCHEDULE: dict[str, Any] = {
    "wake snoozed threads": {"task": "messaging.wake_all_snoozed", "schedule": 30.0},
    "tell staff what waits": {"task": "messaging.tell_all_staff", "schedule": 20.0},
    "sweep the outbox": {"task": "messaging.sweep_outboxes", "schedule": 10.0},
    "fetch files": {"task": "messaging.fetch_all_media", "schedule": 30.0},
    "look after held replies": {"task": "messaging.sweep_all_held_replies", "schedule": 30.0},
    "look at approved texts": {"task": "messaging.sync_all_approved_texts", "schedule": 60.0},
    "send reminders of the API": {"task": "messaging.send_all_api_reminders", "schedule": 60.0},
    "replay held events": {"task": "messaging.replay_all_held", "schedule": 60.0},
    "expire requests": {"task": "scheduling.expire_all_requests", "schedule": 60.0},
    "announce changes again": {"task": "scheduling.announce_all_again", "schedule": 60.0},
    "forget who opened patients' pages": {"task": "scheduling.forget_all_old_views", "schedule": 86400.0},
    "remind of visits": {"task": "messaging.remind_all", "schedule": 300.0},
    "ask when messages were written": {"task": "messaging.ask_all_when_written", "schedule": 300.0},
    "keep clocks": {"task": "clinics.keep_clocks", "schedule": 600.0},
    "tidy files": {"task": "messaging.tidy_all_files", "schedule": 3600.0},
    "forget old keys": {"task": "clinics.forget_old_keys", "schedule": 3600.0},
}

# ── People ───────────────────────────────────────────────────────────────────────────────────────────────────────
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_ADAPTER = "clinics.accounts.ClosedAccountAdapter"
ACCOUNT_PREVENT_ENUMERATION = True
# Counted in the shared cache, so by all processes together: 5 wrong tries a person, 20 an address, in 15 minutes.
ACCOUNT_RATE_LIMITS = {"login_failed": "20/15m/ip,5/15m/key", "login": "60/m/ip"}
MFA_ADAPTER = "clinics.accounts.SecondFactors"
MFA_TOTP_ISSUER = "MedSync"
# Owners, Managers and operators then set up a second factor before anything else.
MEDSYNC_REQUIRE_MFA = env.bool("MEDSYNC_REQUIRE_MFA", PRODUCTION)
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION
MFA_TRUST_ENABLED = True
MFA_TRUST_COOKIE_AGE = 30 * 24 * 3600
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_ENGINE = "clinics.sessions"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", PRODUCTION)
# Webhooks and the API refuse plain http by the proxy; a redirect would lose a POST.
SECURE_REDIRECT_EXEMPT = [r"^api/", r"^reminder(?:/|$)", r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "media-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
    }
}
# Without EMAIL_URL no mail is sent: links are copied instead, and a link printed to a log would be a leak.
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="dummymail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("EMAIL_FROM", "") or f"MedSync <medsync@{_public_hosts[0]}>"
HAS_EMAIL = not EMAIL_CONFIG["EMAIL_BACKEND"].endswith(".dummy.EmailBackend")

# Web push: whom a push service may write to, and services beside those of the browsers we know (for tests).
PUSH_CONTACT = env.str("PUSH_CONTACT", "mailto:operator@localhost")
PUSH_HOSTS: list[str] = []

# ── Admin ────────────────────────────────────────────────────────────────────────────────────────────────────────
UNFOLD = branding.UNFOLD

# ── API ──────────────────────────────────────────────────────────────────────────────────────────────────────────
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["clinics.api.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "clinics.api.errors.handle",
    "DEFAULT_THROTTLE_CLASSES": ["clinics.api.throttling.TokenThrottle"],
    "DEFAULT_THROTTLE_RATES": {"token": env.str("MEDSYNC_API_RATE", "1200/min")},
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "MedSync API",
    "VERSION": "1",
    "DESCRIPTION": "What a clinic's other systems ask of MedSync. `docs/api.md` tells the whole.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "PREPROCESSING_HOOKS": ["clinics.api.schema.canonical_paths"],
    "POSTPROCESSING_HOOKS": [],
}

# ── Providers ────────────────────────────────────────────────────────────────────────────────────────────────────
MESSAGING_PROVIDERS = [
    "messaging.providers.twilio:provider",
    "messaging.providers.telnyx:provider",
    "messaging.providers.local:provider",
]
LOCAL_PROVIDER_ALLOWED = DEMO or DEBUG
TWILIO_ACCOUNT_SID = env.str("TWILIO_ACCOUNT_SID", "")
TWILIO_AUTH_TOKEN = env.str("TWILIO_AUTH_TOKEN", "")
TWILIO_API_BASE_URL = env.str("TWILIO_API_BASE_URL", "")
TELNYX_API_KEY = env.str("TELNYX_API_KEY", "")
TELNYX_PUBLIC_KEY = env.str("TELNYX_PUBLIC_KEY", "")  # base64 of 32 bytes: Telnyx signs with its other half
TELNYX_MESSAGING_PROFILE_ID = env.str("TELNYX_MESSAGING_PROFILE_ID", "")
TELNYX_API_BASE_URL = env.str("TELNYX_API_BASE_URL", "")
# Seconds that one file may take, and origins beside a provider's own that may keep files (for tests).
MEDIA_DEADLINE = env.float("MEDIA_DEADLINE", 60.0)
MEDIA_ORIGINS: list[str] = []
MEDSYNC_INLINE_REPLIES = env.bool("MEDSYNC_INLINE_REPLIES", True)
# Seconds; tests and kill tests make them short.
OUTBOX_HTTP_DEADLINE = env.float("OUTBOX_HTTP_DEADLINE", 15.0)
OUTBOX_LEASE = env.float("OUTBOX_LEASE", 30.0)
OUTBOX_LOOK_AGAIN = env.float("OUTBOX_LOOK_AGAIN", 60.0)
OUTBOX_INLINE_SETTLE = env.float("OUTBOX_INLINE_SETTLE", 300.0)
OUTBOX_ORDER_WAIT = env.float("OUTBOX_ORDER_WAIT", 10.0)

# ── Words, static files, logs ────────────────────────────────────────────────────────────────────────────────────
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español")]
LOCALE_PATHS = [BASE_DIR / "medsync" / "locale"]
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = ["medsync.formats"]
TIME_ZONE = "UTC"
PHONENUMBER_DB_FORMAT = "E164"
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("MEDSYNC_STATIC_ROOT", str(locate.home() / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_AUTOREFRESH = False
if PRODUCTION:
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
MEDIA_URL = "/media/"
# What patients send: a folder of its own for each clinic, served by signed links only.
FILES_ROOT = Path(env.str("MEDSYNC_FILES_ROOT", str(locate.home() / "files")))
LOGGING = logging_config(production=PRODUCTION)
LOGGING_CONFIG = "logging.config.dictConfig"
