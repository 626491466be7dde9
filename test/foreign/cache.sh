# Sourced by the launchers: $cache is the folder where the judges keep what they installed. Safe to delete at any time.
cache=${PARAPH_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/paraph}/foreign
