# Sourced by scripts that need system packages. `need_packages WHAT PACKAGE…` installs them with apt as root; otherwise it
# ends the script with the command that installs them.
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

# Prints the missing packages for Java 17 or newer and Maven.
missing_for_elasticsearch() {
  local version
  version=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' || true)
  if [ "${version:-0}" -lt 17 ]; then echo openjdk-17-jre-headless; fi
  command -v mvn >/dev/null || echo maven
}

# Prints the missing package for PostgreSQL 15 as installed by Debian.
missing_for_postgres() {
  if [ ! -x "${POSTGRES_BIN:-/usr/lib/postgresql/15/bin}/postgres" ]; then echo postgresql-15; fi
}
