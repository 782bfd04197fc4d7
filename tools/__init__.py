"""Programs that start real servers for development and tests, and a client of the demo. They use only the standard
library."""
