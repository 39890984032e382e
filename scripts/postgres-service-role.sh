# Run by Postgres' image in a volume that is new: the role of api and worker, which owns nothing. The migrations grant it what it needs.
psql -v ON_ERROR_STOP=1 -v password="$POSTGRES_SERVICE_PASSWORD" -U "$POSTGRES_USER" -d "$POSTGRES_DB" <<'END'
CREATE ROLE retract_service LOGIN PASSWORD :'password';
END
