"""The WSGI application that the web server loads."""

import gc
import os

from django.core.wsgi import get_wsgi_application

from search.engines import engine

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")
application = get_wsgi_application()
# The client of Elasticsearch takes a while to load (two seconds on a busy machine): not while the first reader waits.
# Nothing is asked of the server here.
engine()
# What is loaded by now stays as long as the process; looking through it again and again for garbage cost a search page
# one part in twenty. A page makes thousands of objects that are gone with it, so the looking begins later, too.
gc.freeze()
gc.set_threshold(20_000, 20, 20)
