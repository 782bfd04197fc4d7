"""The WSGI application that the web server loads."""

import gc
import os

from django.core.wsgi import get_wsgi_application

from search.engines import engine

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")
application = get_wsgi_application()
# The Elasticsearch client is loaded now, because loading takes up to two seconds on a busy machine, and the first
# reader should not wait for it. This sends no request to the server.
engine()
# The objects that exist now live as long as the process. When the garbage collector checked them, too, a search page
# took 5 % longer. A page creates thousands of short-lived objects, so the threshold of the collector is also raised.
gc.freeze()
gc.set_threshold(20_000, 20, 20)
