"""A Django project that has nothing but dj-stripe: the framework's plugin, as its documentation sets it up."""

import os

SECRET_KEY = "of a test"
DEBUG = True
USE_TZ = True
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "djstripe"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["SHOP_DATABASE"]}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
MIGRATION_MODULES = {"djstripe": None}  # its tables as they are now, not the history of how they came to be
STRIPE_API_HOST = os.environ["SLUICE_URL"]
STRIPE_TEST_SECRET_KEY = os.environ["SLUICE_KEY"]
STRIPE_LIVE_MODE = False
DJSTRIPE_FOREIGN_KEY_TO_FIELD = "id"
