# Sourced by scripts that need parts of the system. `need_packages WHAT PACKAGE…` installs them with apt where it may;
# elsewhere it ends the script with the one command that installs them.
need_packages() {
  local what=$1
  shift
  if [ "$#" -eq 0 ]; then return; fi
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    printf '%s\n' "Debian のパッケージを入れます: $*" >&2
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "$@" >/dev/null
  else
    printf '%s\n' "$what に必要なパッケージがありません。次の一行を実行してから、もう一度始めてください: sudo apt-get install -y --no-install-recommends $*" >&2
    exit 1
  fi
}

# Java 17 or newer, and Maven, as the names of the packages that are missing.
missing_for_elasticsearch() {
  local version
  version=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' || true)
  if [ "${version:-0}" -lt 17 ]; then echo openjdk-17-jre-headless; fi
  command -v mvn >/dev/null || echo maven
}

# PostgreSQL 15 as Debian lays it out.
missing_for_postgres() {
  if [ ! -x "${POSTGRES_BIN:-/usr/lib/postgresql/15/bin}/postgres" ]; then echo postgresql-15; fi
}
