"""All settings of the casino. The environment is read here, once; nothing else reads it.

Development needs nothing set. Production (DEBUG off) refuses to start without its secrets.
"""

from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

from casino import embedded
from casino.timetable import TIMETABLE

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent
CASINO_HOME = Path(env.str("CASINO_HOME", default=str(BASE_DIR / ".casino"))).absolute()
_has_urls = env.str("DATABASE_URL", default="") and env.str("REDIS_URL", default="")
_stack = None if _has_urls else embedded.find(CASINO_HOME)
# Who works on the running embedded stack is a developer.
DEBUG: bool = env.bool("DEBUG", default=_stack is not None)
PORT: int = env.int("PORT", default=8000)


def _required(name: str, in_development: str) -> str:
    """The variable's value; without it a fixed one while DEBUG, else one sentence that stops the start."""
    value: str = env.str(name, default="")
    if value:
        return value
    if DEBUG:
        return in_development
    raise ImproperlyConfigured(f"Set {name} in the environment (or DEBUG=1 on a developer's machine).")


# The made-up addresses serve commands that need no server while neither a URL is set nor the embedded stack runs.
DATABASE_URL = _required("DATABASE_URL", _stack.database_url if _stack else "postgresql://casino@127.0.0.1:1/casino")
REDIS_URL = _required("REDIS_URL", _stack.redis_url if _stack else "redis://127.0.0.1:1/0")

SECRET_KEY = _required("SECRET_KEY", "development-only-secret-key-that-protects-nothing-at-all")
# Fernet keys for secrets at rest, newest first; older ones still decrypt.
FIELD_ENCRYPTION_KEYS: list[str] = [
    key.strip() for key in _required("FIELD_ENCRYPTION_KEYS", "ZGV2ZWxvcG1lbnQtb25seS1rZXktbm90LXNlY3JldCE=").split(",")
]
ALLOWED_HOSTS: list[str] = [
    host.strip() for host in _required("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1],testserver").split(",")
]
SEEDING_ENABLED: bool = env.bool("SEEDING_ENABLED", default=_stack is not None)
DEMO_PASSWORD: str = env.str("DEMO_PASSWORD", default="demo-Passw0rd")
DEMO_WEBHOOK_SECRET: str = env.str(
    "DEMO_WEBHOOK_SECRET", default="whsec_ZGVtby13ZWJob29rLXNlY3JldC1mb3ItbG9jYWwtdXNlLW9ubHk="
)
PAYOUTS_ENABLED: bool = env.bool("PAYOUTS_ENABLED", default=True)  # off: approved withdrawals wait to be submitted
# How many proxies in front of the web processes may be believed about the client's address.
TRUSTED_PROXY_COUNT: int = env.int("TRUSTED_PROXY_COUNT", default=0)
# What a scraper of /metrics has to show as its Bearer token; nothing where the network keeps strangers away.
METRICS_TOKEN: str = env.str("METRICS_TOKEN", default="")
# Whether services that an operator names (remote random numbers) may be in this network, and without TLS.
ALLOW_LOOPBACK_SERVICES: bool = env.bool("ALLOW_LOOPBACK_SERVICES", default=DEBUG)

INSTALLED_APPS = [
    "casino.apps.CasinoConfig",
    "casino.users",
    "operators",
    "casino.games",
    "wallets",
    "vip",
    "betting",
    "seeding",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "casino.apps.BackOfficeConfig",
    "allauth",
    "allauth.account",
    "allauth.headless",
    "allauth.mfa",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "corsheaders",
]
MIDDLEWARE = [
    "casino.api.middleware.RequestMiddleware",
    "casino.content_security.ContentSecurityPolicyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "casino.api.middleware.OriginMiddleware",
    "casino.api.cookies.CookieSessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "casino.api.cookies.CookieUserMiddleware",
    "casino.api.cookies.CookieMessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
ROOT_URLCONF = "casino.urls"
APPEND_SLASH = False
WSGI_APPLICATION = "casino.wsgi.application"
ASGI_APPLICATION = "casino.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- PostgreSQL. Under ASGI each request runs on a short-lived thread, so connections come from psycopg's pool. ---
DATABASES = {"default": env.db_url_config(DATABASE_URL) | {"ENGINE": "casino.database"}}
# Between the processes and PostgreSQL stands a pooler that hands connections out by transaction.
PGBOUNCER: bool = env.bool("PGBOUNCER", default=False)
DATABASES["default"]["OPTIONS"] = {
    "connect_timeout": 5,
    "application_name": "casino",
    "server_side_binding": True,
    "prepare_threshold": None if PGBOUNCER else 3,
    # A host that is gone without a farewell is noticed within a quarter of a minute; by default it would take that of
    # an hour, and every bet would wait for it.
    "keepalives_idle": 10,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = PGBOUNCER
# How long threads that live long (WSGI) keep a connection; those that do not share a pool instead.
DATABASES["default"]["CONN_MAX_AGE"] = env.int("DATABASE_CONN_MAX_AGE", default=0)
# A connection that PostgreSQL closed (a restart) is noticed before it is used again.
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASE_POOL_SIZE: int = env.int("DATABASE_POOL_SIZE", default=0)
if DATABASE_POOL_SIZE:
    # The pool's own attempts at a new connection would come ever more rarely while PostgreSQL is away; given up soon,
    # the next one comes with whoever asks next.
    pool = {"min_size": 1, "max_size": DATABASE_POOL_SIZE, "timeout": 5, "reconnect_timeout": 1}
    DATABASES["default"]["OPTIONS"]["pool"] = pool
# Where reports and lists of the back office are read from, if not from the primary; money is never decided by it.
REPLICA_URL: str = env.str("REPLICA_URL", default="")
if REPLICA_URL:
    DATABASES["replica"] = DATABASES["default"] | env.db_url_config(REPLICA_URL) | {"TEST": {"MIRROR": "default"}}
    DATABASE_ROUTERS = ["operators.snapshots.ReplicaRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = False

# --- Redis. Sessions and counters may be lost; the database knows. Each purpose may have a server of its own. ---
CACHE_URL: str = env.str("CACHE_URL", default=REDIS_URL)
COUNTERS_URL: str = env.str("COUNTERS_URL", default=REDIS_URL)
FEEDS_URL: str = env.str("FEEDS_URL", default=REDIS_URL)
CACHES = {"default": {"BACKEND": "casino.api.cache.ForgivingRedisCache", "LOCATION": CACHE_URL, "KEY_PREFIX": "casino"}}
CELERY_BROKER_URL: str = env.str("BROKER_URL", default=REDIS_URL)
CELERY_BROKER_TRANSPORT_OPTIONS = {"global_keyprefix": "casino:celery:", "visibility_timeout": 600}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE = TIMETABLE

# --- People ---
AUTH_USER_MODEL = "users.User"
# E-mail addresses are unique without regard to case, by a constraint that this check does not see.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{kind}Validator"}
    for kind in ("UserAttributeSimilarity", "MinimumLength", "CommonPassword", "NumericPassword")
]
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
LOGIN_URL = "/backoffice/login/"
HEADLESS_CLIENTS = ("app",)
HEADLESS_ONLY = True
HEADLESS_FRONTEND_URLS = {
    name: env.str("FRONTEND_URL", default="http://localhost:3000") + path
    for name, path in {
        "account_confirm_email": "/verify-email/{key}",
        "account_reset_password": "/password-reset",
        "account_reset_password_from_key": "/password-reset/{key}",
        "account_signup": "/register",
    }.items()
}
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "casino.users.registration.AccountAdapter"
ACCOUNT_PREVENT_ENUMERATION = True
# The platform counts failures itself, atomically and across processes; allauth's own counters are not atomic.
ACCOUNT_RATE_LIMITS = False
MFA_ADAPTER = "casino.users.registration.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
# Whether staff decide about money only in sessions that began with a code of their authenticator app.
STAFF_MFA_REQUIRED: bool = env.bool("STAFF_MFA_REQUIRED", default=False)
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://" if DEBUG else "dummymail://")
EMAIL_BACKEND = EMAIL_CONFIG["EMAIL_BACKEND"]
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", default="casino@localhost")

# --- Web ---
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT: bool = env.bool("SECURE_SSL_REDIRECT", default=not DEBUG)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 0 if DEBUG else 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEBUG
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_COUNT else None
X_FRAME_OPTIONS = "DENY"
CORS_ALLOWED_ORIGINS: list[str] = env.list("CORS_ALLOWED_ORIGINS", default=[])
# A front end of another origin sends its token itself; cookies stay at home.
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_HEADERS = ("accept", "authorization", "content-type", "idempotency-key", "x-request-id")
CORS_EXPOSE_HEADERS = (
    *("Idempotency-Key", "Idempotency-Replayed", "Retry-After", "X-Request-ID"),
    *("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"),
)
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])
CSRF_FAILURE_VIEW = "casino.api.problems.csrf_failure"
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "casino.api.authentication.TokenAuthentication",
        "casino.api.authentication.CookieAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["casino.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["casino.api.renderers.FastJSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "casino.api.pagination.NewestFirst",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "casino.api.negotiation.JsonNegotiation",
    "DEFAULT_SCHEMA_CLASS": "casino.api.schema.Schema",
    "EXCEPTION_HANDLER": "casino.api.problems.handle",
    "COERCE_DECIMAL_TO_STRING": True,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Casino platform",
    "DESCRIPTION": "Players, wallets, games and bets of many casino brands on one platform.",
    "VERSION": "0.1.0",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "casino.api.schema.add_examples"],
    "ENUM_NAME_OVERRIDES": {
        "BonusStatusEnum": "wallets.promotions.BonusStatus",
        "DepositStatusEnum": "wallets.models.DepositStatus",
        "WithdrawalStatusEnum": "wallets.withdrawal_models.WithdrawalStatus",
        "AdjustmentStatusEnum": "wallets.adjustment_models.AdjustmentStatus",
        "DepositMethodEnum": "wallets.providers.DEPOSIT_METHODS",
        "WithdrawalMethodEnum": "wallets.withdrawal_models.WithdrawalMethod",
        "ExclusionKindEnum": "casino.users.limit_models.ExclusionKind",
        "RunKindEnum": "seeding.models.RunKind",
        "RunStatusEnum": "seeding.models.RunStatus",
    },
}

LOG_LEVEL: str = env.str("LOG_LEVEL", default="INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "casino.api.logs.JsonFormatter"},
        "plain": {"format": "{asctime} {levelname:<7} {name}: {message}", "style": "{"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain" if DEBUG else "json"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django.server": {"level": "WARNING"},
    },
}
