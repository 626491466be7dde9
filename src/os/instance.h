/*
 * One installation: its directory and its configuration, DIR/paraph.conf. The table of all keys with types, ranges,
 * defaults and help is in instance.c and nowhere else; every program reads the same one. Values are read once at start
 * and never change. Owner: the main function of a program; any thread may read.
 */
#ifndef PARAPH_OS_INSTANCE_H
#define PARAPH_OS_INSTANCE_H

#include "base/buf.h"
#include <limits.h>
#include <sys/types.h>

enum instance_profile { INSTANCE_DEMO, INSTANCE_INTERNAL, INSTANCE_PRODUCTION };

/* Offsets from uid_base of the users that programs run as, when paraphd was started as root. */
enum instance_user {
	INSTANCE_USER_FRONT = 0,
	INSTANCE_USER_CORE = 1,
	INSTANCE_USER_KEYS = 2,
	INSTANCE_USER_KEYS_STATUS = 3,
	INSTANCE_USER_STATUS = 4,
	INSTANCE_USER_DOCUMENT = 5,
	INSTANCE_USER_COURIER = 6,
};

struct instance {
	char directory[PATH_MAX]; /* absolute, without a slash at the end */
	enum instance_profile kind;

	/* [instance] */
	char *name;
	char *profile; /* "demo", "internal", "production"; kind says the same */
	char *oid_arc; /* "2.25.…": policies and everything else that is ours is below it */
	int64_t uid_base;
	int64_t workers; /* 0: one for each processor */
	char *log_level;

	/* [organisation]: the subject of our own certificates */
	char *country;
	char *organisation;
	char *organisation_id; /* "NTRFR-123456789" */
	char *common_name;     /* the names of CA, unit and seal begin with it */

	/* [front] */
	char *listen; /* address of the https port; plain http of a demo is on loopback whatever this says */
	int64_t https_port;
	int64_t http_port;
	char *site_url; /* where people reach the pages and programs the API; empty: https://localhost:https_port */
	char *base_url; /* AIA, CRL, OCSP; empty: http://127.0.0.1:http_port */

	/* [mail], [sms] */
	char *mail_transport; /* "catcher", "smtp", "smtps" */
	char *mail_host;
	int64_t mail_port;
	char *mail_from;
	char *mail_user;
	char *mail_password_file;
	char *sms_transport; /* "catcher", "none", "http" */
	char *sms_url;
	char *sms_token_file;
	bool webhook_private; /* webhooks may go to private addresses; nothing asks for one yet */

	/* [policy] */
	int64_t certificate_minutes;
	int64_t activation_minutes;
	int64_t code_minutes;
	int64_t registration_months;
	int64_t invitation_days;
	int64_t upload_days;
	int64_t crl_every_minutes;
	int64_t crl_next_update_hours;
	int64_t root_crl_days;
	int64_t ocsp_next_update_minutes;
	int64_t ocsp_certificate_days;
	int64_t clock_alarm_ms;
	int64_t clock_stop_ms;
	int64_t checkpoint_seconds, stamp_seconds;
	int64_t document_mb;

	const char *gone; /* a key of an earlier version that the file still has and nothing obeys; NULL: none */
};

/* Reads DIR/paraph.conf; path is DIR or the file itself. ERR_CONF names file, line and fix. */
err_t instance_read(const char *path, struct instance *ret_instance);
void instance_done(struct instance *i);

/* Sets every member to its default, for paraph init (oid_arc has none; empty URLs follow from the ports when the file
 * is read). The directory must exist; it may be relative. */
err_t instance_default(const char *directory, struct instance *ret_instance);
/* Replaces one value as the file would give it; ERR_CONF for an unknown key or a bad value. */
err_t instance_set(struct instance *i, const char *section, const char *key, const char *value);
/* The whole file with help, for paraph init. */
void instance_write(const struct instance *i, struct buf *out);

/* Reads the text of a configuration as instance_read would read the file, without a directory; *ret has none. */
err_t instance_read_text(struct bytes text, struct instance *ret_instance);

/* An empty file in the directory from the first moment of paraph init to its last: half an instance starts no service. */
#define INSTANCE_UNFINISHED "unfinished"
/* ERR_CONF when paraph init did not come to its end. */
err_t instance_finished(const struct instance *i);
/* DIR/name; ERR_CONF when longer than PATH_MAX. */
err_t instance_path(const struct instance *i, const char *name, char ret_path[PATH_MAX]);

/* The uid (and gid) of a program's user: uid_base + user as root, our own otherwise. */
uid_t instance_uid(const struct instance *i, enum instance_user user);

/* Number of workers: as configured, or one for each processor, 1 to 64. */
size_t instance_workers(const struct instance *i);

/* Number of status processes: one for each worker, at most INSTANCE_STATUS_MAX. */
enum { INSTANCE_STATUS_MAX = 16 };
size_t instance_status_processes(const struct instance *i);

/* The log level as syslog number. */
int instance_log_level(const struct instance *i);

#endif
