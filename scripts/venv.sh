#!/bin/sh
# Makes an empty virtual environment: venv.sh FOLDER [PYTHON]. Takes PYTHON, or the first Python on the PATH that is
# new enough and can make one; says in one sentence what is missing where there is none.
set -eu

folder=$1
chosen=${2-}
without_venv=''
too_old=''

for python in ${chosen:-python3.13 python3.12 python3.11 python3.14 python3 python}; do
    command -v "$python" >/dev/null 2>&1 || continue
    # A shim may exist without the version behind it.
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        too_old=${too_old:-"$python is Python $version"}
    elif ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        without_venv=${without_venv:-"$python $version"}
    else
        exec "$python" -m venv --clear "$folder"
    fi
done

if [ -n "$without_venv" ]; then
    echo "Paperboy cannot make a virtual environment with ${without_venv% *}: its venv module is missing;" \
        "on Debian and Ubuntu install it with: apt install python${without_venv##* }-venv" >&2
elif [ -n "$too_old" ]; then
    echo "Paperboy needs Python 3.11 or newer, and $too_old; install a newer one," \
        "or name it: make PYTHON=/path/to/python3.12" >&2
elif [ -n "$chosen" ]; then
    echo "Paperboy needs Python 3.11 or newer, and $chosen cannot be run; name another one." >&2
else
    echo "Paperboy needs Python 3.11 or newer, and no Python was found; install one," \
        "or name it: make PYTHON=/path/to/python3.12" >&2
fi
exit 1
