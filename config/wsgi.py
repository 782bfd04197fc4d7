"""The WSGI application that the web server loads."""

import gc
import os

from django.core.wsgi import get_wsgi_application

from search.engines import engine

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")
application = get_wsgi_application()
# Load the Elasticsearch client now (up to two seconds on a busy machine), not while the first reader waits. This sends
# no request to the server.
engine()
# Objects loaded by now live as long as the process; collecting garbage among them cost a search page 5 % of its time. A
# page makes thousands of short-lived objects, so the threshold is raised, too.
gc.freeze()
gc.set_threshold(20_000, 20, 20)
