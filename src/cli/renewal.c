#include "cli/renewal.h"
#include "base/digest.h"
#include "base/time.h"
#include "cli/ceremony.h"
#include "cli/command.h"
#include "cli/option.h"
#include "os/clock.h"
#include "os/file.h"
#include "pki/crl.h"
#include "pki/lint.h"
#include "pki/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { LIST_MAX = 8192 }; /* the root has no more to tell, and core puts it into each document */

/* What stands in public/, and the list that comes of it. */
struct renewal {
	struct instance instance;
	struct buf root, old, new; /* DER */
	struct certificate issuer;
	struct crl before, after;
	char path[PATH_MAX]; /* of public/root.crl */
};

/* ---- before anything is started ---------------------------------------------------------------------------------------- */

static err_t
open_check(const struct instance *i, const char *name, int mode)
{
	char path[PATH_MAX];
	TRY(instance_path(i, name, path));
	if (access(path, mode) == 0)
		return OK;
	if (errno == ENOENT)
		return err_make(ERR_KEY_MISSING, "%s is not there: the root's ceremony needs it, bring it back", path);
	return err_make(ERR_START, "%s: %s: hold the ceremony as root, or as the user to whom the instance belongs", path, strerror(errno));
}

/* Two roots at once would write one journal. The lock ends with this process. */
static err_t
alone_check(const struct instance *i)
{
	char path[PATH_MAX];
	TRY(instance_path(i, "keys/root", path));
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_errno("%s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		return err_make(ERR_BUSY, "another ceremony of %s is under way", i->directory);
	return OK;
}

static err_t
place_check(const struct instance *i)
{
	TRY(instance_finished(i));
	TRY(open_check(i, "keys/root", R_OK | X_OK));
	TRY(open_check(i, "keys/root/keystore", R_OK));
	TRY(open_check(i, "public", W_OK | X_OK));
	TRY(open_check(i, "public/root.cer", R_OK));
	TRY(open_check(i, "public/root.crl", R_OK));
	return alone_check(i);
}

/* ---- lists ------------------------------------------------------------------------------------------------------------- */

/* Eight octets hold every number that keys gives. */
static uint64_t
number_of(const struct crl *c)
{
	uint64_t n = 0;
	for (size_t k = 0; k < c->number.n && k < 8; k++)
		n = n << 8 | c->number.p[k];
	return n;
}

static err_t
signature_check(const struct renewal *r, const struct crl *c)
{
	if (!bytes_eq(c->issuer, r->issuer.subject))
		return err_make(ERR_CONF, "%s is the list of another CA", r->path);
	return verify_signature(r->issuer.spki, c->algorithm, c->tbs, c->signature);
}

/* The list in force. No command of ours revokes a certificate of the root: a list with entries is not from here, and one that
 * lost them would call good what was revoked. */
static err_t
old_read(struct renewal *r)
{
	char path[PATH_MAX];
	size_t n;
	TRY(instance_path(&r->instance, "public/root.cer", path));
	TRY(file_read_path(path, &r->root));
	TRY(certificate_read(buf_bytes(&r->root), &r->issuer));
	TRY(instance_path(&r->instance, "public/root.crl", r->path));
	TRY(file_read_path(r->path, &r->old));
	TRY(crl_read(buf_bytes(&r->old), &r->before));
	TRY(signature_check(r, &r->before));
	TRY(crl_count(&r->before, &n));
	return n == 0 ? OK : err_make(ERR_CONF, "%s has %zu entries, which this version cannot carry over", r->path, n);
}

/* What the root gave back is what it was asked for. */
static err_t
new_check(struct renewal *r, int64_t now)
{
	TRY(crl_read(buf_bytes(&r->new), &r->after));
	TRY(signature_check(r, &r->after));
	TRY(lint_crl(r->after.tbs, &r->issuer, number_of(&r->before), now));
	if (r->after.this_update_at < r->before.this_update_at)
		return err_make(ERR_CLOCK, "the list in force was made later than now");
	if (r->after.next_update_at != r->after.this_update_at + r->instance.root_crl_days * TIME_DAY)
		return err_make(ERR_LINT, "the list does not end in %lld days", (long long)r->instance.root_crl_days);
	return OK;
}

/* core looks for a newer list there, running or when it starts. */
static err_t
renew(struct renewal *r)
{
	TRY(place_check(&r->instance));
	TRY(old_read(r));
	TRY(ceremony_root_crl(&r->instance, clock_now(), number_of(&r->before) + 1, &r->new));
	TRY(new_check(r, clock_now()));
	return file_replace(r->path, buf_bytes(&r->new), 0444);
}

static err_t
report(const struct renewal *r, bool json)
{
	uint8_t sha256[DIGEST_SHA256_LEN];
	char hex[2 * sizeof sha256 + 1], from[TIME_TEXT_MAX], to[TIME_TEXT_MAX];
	digest_sha256(buf_bytes(&r->new), sha256);
	bytes_hex(BYTES_OF(sha256), hex);
	time_text(r->after.this_update_at, false, from);
	time_text(r->after.next_update_at, false, to);
	if (json) {
		char directory[PATH_MAX];
		snprintf(directory, sizeof directory, "%s", r->instance.directory);
		str_mend(directory);
		return command_json(json_pack("{s:s, s:I, s:s, s:s, s:s}", "instance", directory, "number",
		    (json_int_t)number_of(&r->after), "sha256", hex, "this_update", from, "next_update", to));
	}
	printf("The root's list of revoked certificates has number %llu and is good until %s.\n"
	       "A running service takes it up within ten seconds, another one when it starts.\n",
	    (unsigned long long)number_of(&r->after), to);
	return OK;
}

static int
root_crl(const char *directory, bool json)
{
	struct buf none = buf_init(LIST_MAX);
	struct renewal r = {.root = none, .old = none, .new = none};
	err_t e = instance_read(directory, &r.instance);
	if (err_is(e))
		return command_fail(e);
	umask(022);
	e = renew(&r);
	if (!err_is(e))
		e = report(&r, json); /* the list is in its place, whether or not somebody reads of it */
	int status = err_is(e) ? command_fail(e) : COMMAND_DONE;
	buf_done(&r.root);
	buf_done(&r.old);
	buf_done(&r.new);
	instance_done(&r.instance);
	return status;
}

int
renewal_main(int argc, char **argv)
{
	const char *words[2];
	size_t words_n;
	int status;
	bool json = false;
	const struct option options[] = {{"json", NULL, "print one JSON object", NULL, &json}};
	const struct option_use use = {"paraph ceremony root-crl [--json] DIR",
	    "Starts the root of the instance DIR, which runs in ceremonies only, has it sign its next list of revoked certificates,\n"
	    "good for [policy] root_crl_days, and stops it. A running service takes the list up within ten seconds. Needs the right to\n"
	    "read DIR/keys/root: root's, or the one of the user to whom the instance belongs.",
	    options, 1, 2, 2};
	if (!option_read(&use, argc, argv, words, &words_n, &status))
		return status;
	if (strcmp(words[0], "root-crl") != 0) {
		fprintf(stderr, "paraph: the ceremony is: paraph ceremony root-crl DIR\n");
		return COMMAND_USAGE;
	}
	return root_crl(words[1], json);
}
