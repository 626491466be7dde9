# Sourced by the launchers, with $here set: $cache is the folder where the judges keep what they installed. Safe to delete.
cache=${PARAPH_CACHE:-$(cd "$here/../../.." && pwd)/.cache}/foreign
