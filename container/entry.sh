#!/bin/sh
# Runs a command as the user PUID and the group PGID, who own the folders of state and settings.
set -eu
if [ "$(id -u)" != 0 ]; then
    exec "$@"
fi
mkdir -p "$DISCPRESS_STATE" "$(dirname "$DISCPRESS_CONFIG")"
chown "$PUID:$PGID" "$DISCPRESS_STATE" "$(dirname "$DISCPRESS_CONFIG")"
export HOME="$DISCPRESS_STATE"
exec setpriv --reuid "$PUID" --regid "$PGID" --clear-groups --no-new-privs -- "$@"
