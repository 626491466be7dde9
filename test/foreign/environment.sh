# Sourced by the launchers after cache.sh: Python environments that hold exactly what a requirements file pins.

# environment NAME REQUIREMENTS: prints the environment's folder, making it first if need be.
environment() {
    local name=$1 requirements=$2 python=${PYTHON:-python3} key dir
    key=$( { "$python" -V; cat "$requirements"; } | sha256sum | cut -c1-12)
    dir=$cache/$name-$key
    if [[ ! -e $dir/ready ]]; then
        mkdir -p "$cache"
        exec {lock}>"$cache/$name.lock"
        flock "$lock"
        if [[ ! -e $dir/ready ]]; then
            echo "$name: installing its Python packages (once)" >&2
            rm -rf "$dir"
            "$python" -m venv "$dir" >&2
            "$dir/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-deps -r "$requirements" >&2
            "$dir/bin/python" -m pip check >&2
            touch "$dir/ready"
        fi
        exec {lock}>&-
    fi
    echo "$dir"
}
