#include "keys/desk.h"
#include "base/base64.h"
#include "base/rand.h"
#include "keys/codes.h"
#include "keys/pens.h"
#include "keys/proven.h"
#include "keys/sealed.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { PASSPHRASE_MAX = 1024, PASSPHRASE_OCTETS = 32 };

static const char *const roles[] = {[JOURNAL_ISSUING] = "issuing", [JOURNAL_STATUS] = "status", [JOURNAL_ROOT] = "root"};

err_t
desk_role(const char *name, enum journal_role *ret_role)
{
	for (enum journal_role r = JOURNAL_ISSUING; r <= JOURNAL_ROOT; r++)
		if (name != NULL && strcmp(name, roles[r]) == 0) {
			*ret_role = r;
			return OK;
		}
	return err_make(ERR_CONF, "role=root, role=issuing or role=status is needed");
}

const char *
desk_role_text(enum journal_role role)
{
	return roles[role];
}

/* ---- the passphrase ---- */

/* Opens a credential of the service manager, or the file beside the key store; -1 when neither is there. */
static int
passphrase_open(const char *folder, enum journal_role role)
{
	char path[PATH_MAX];
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	int fd = -1;
	if (credentials != NULL
	    && snprintf(path, sizeof path, "%s/paraph-%s", credentials, roles[role]) < (int)sizeof path)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && snprintf(path, sizeof path, "%s/passphrase", folder) < (int)sizeof path)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd;
}

static err_t
passphrase_read(int fd, struct secret *ret_passphrase)
{
	uint8_t text[PASSPHRASE_MAX];
	ssize_t n = read(fd, text, sizeof text);
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	if (n <= 0 || n == PASSPHRASE_MAX)
		return err_make(ERR_CONF, "the passphrase of the key store is empty, too long or cannot be read");
	*ret_passphrase = secret_take(text, (size_t)n);
	return OK;
}

/* A fresh passphrase beside the key store: for demo and internal, where the machine starts without a person. */
static err_t
passphrase_make(const char *folder)
{
	char path[PATH_MAX];
	if (snprintf(path, sizeof path, "%s/passphrase", folder) >= (int)sizeof path)
		return err_make(ERR_CONF, "%s is too long", folder);
	uint8_t octets[PASSPHRASE_OCTETS];
	AUTO_BUF(text, 100);
	rand_fill(octets, sizeof octets);
	base64_write_url(&text, BYTES_OF(octets));
	buf_put_byte(&text, '\n');
	err_t e = file_replace(path, buf_bytes(&text), 0600);
	secret_wipe(octets, sizeof octets);
	secret_wipe(text.p, text.n);
	return e;
}

static err_t
passphrase_get(const struct desk *d, const char *folder, bool make, int given_fd, struct secret *ret_passphrase)
{
	if (given_fd >= 0)
		return passphrase_read(given_fd, ret_passphrase);
	int fd = passphrase_open(folder, d->role);
	if (fd < 0 && make) {
		TRY(passphrase_make(folder));
		fd = passphrase_open(folder, d->role);
	}
	if (fd < 0)
		return err_make(ERR_CONF, "no passphrase for the key store in %s", folder);
	err_t e = passphrase_read(fd, ret_passphrase);
	close(fd);
	return e;
}

/* ---- opening ---- */

static err_t
keystore_get(struct desk *d, const char *folder, bool ceremony, int passphrase_fd)
{
	char path[PATH_MAX];
	struct stat st;
	if (d->instance.kind == INSTANCE_PRODUCTION)
		return err_make(ERR_CONF, "[instance] profile = production: a software key store is for demo and internal instances only");
	if (snprintf(path, sizeof path, "%s/keystore", folder) >= (int)sizeof path)
		return err_make(ERR_CONF, "%s is too long", folder);
	bool make = ceremony && stat(path, &st) != 0 && errno == ENOENT;
	AUTO_SECRET(passphrase);
	TRY(passphrase_get(d, folder, make, passphrase_fd, &passphrase));
	if (make)
		return sealed_create(path, secret_bytes(&passphrase), SEALED_COST, &d->keystore);
	return sealed_open(path, secret_bytes(&passphrase), &d->keystore);
}

static err_t
profiles_load(struct desk *d)
{
	char folder[PATH_MAX];
	TRY(process_share("policy/profiles", folder));
	TRY(profile_load(folder, "root", &d->root));
	TRY(profile_load(folder, "issuing-b", &d->issuing));
	TRY(profile_load(folder, "tsu", &d->tsu));
	TRY(profile_load(folder, "seal", &d->seal));
	TRY(profile_load(folder, "ocsp", &d->ocsp));
	return profile_load(folder, "signer-b", &d->signer);
}

static err_t
facts_make(struct desk *d)
{
	d->facts = (struct profile_instance){
	    .demo = d->instance.kind == INSTANCE_DEMO, .base_url = str_c(d->instance.base_url)};
	TRY(profile_url_cps(&d->facts, d->cps_url));
	d->facts.cps_url = str_c(d->cps_url);
	return oid_parse(str_c(d->instance.oid_arc), &d->facts.arc);
}

/* A journal begins in a ceremony. Without it, tries would be given back and intents signed twice. */
static err_t
journal_get(struct desk *d, const char *folder, bool ceremony)
{
	char path[PATH_MAX], first[PATH_MAX + 16];
	if (snprintf(path, sizeof path, "%s/journal", folder) >= (int)sizeof path)
		return err_make(ERR_CONF, "%s is too long", folder);
	snprintf(first, sizeof first, "%s/00000001.seg", path);
	if (!ceremony && access(first, F_OK) != 0)
		return err_make(ERR_JOURNAL, "%s is missing: bring the journal back, without it nothing is signed", first);
	struct journal_hooks hooks = {0};
	if (d->role != JOURNAL_STATUS) { /* what signs lists must know the number of the last one */
		d->book = book_new();
		hooks = (struct journal_hooks){d->book, book_apply, book_snapshot, book_snapshot_opened};
	}
	TRY(journal_open(path, d->keystore, d->role, clock_now(), &hooks, 0, &d->journal));
	clock_mark(journal_newest_at(d->journal));
	return OK;
}

static err_t
open_all(struct desk *d, const char *directory, bool ceremony, int passphrase_fd)
{
	char name[32], folder[PATH_MAX];
	TRY(instance_read(directory, &d->instance));
	snprintf(name, sizeof name, "keys/%s", roles[d->role]);
	TRY(instance_path(&d->instance, name, folder));
	TRY(profiles_load(d));
	TRY(facts_make(d));
	TRY(keystore_get(d, folder, ceremony, passphrase_fd));
	TRY(journal_get(d, folder, ceremony));
	if (d->role != JOURNAL_ISSUING)
		return OK;
	d->codes = codes_new();
	d->pens = pens_new();
	return OK;
}

err_t
desk_open(const char *directory, enum journal_role role, bool ceremony, int passphrase_fd, struct desk **ret_desk)
{
	struct desk *d = calloc(1, sizeof *d);
	if (d == NULL)
		abort();
	d->role = role;
	d->proven = proven_new();
	err_t e = open_all(d, directory, ceremony, passphrase_fd);
	if (err_is(e)) {
		desk_free(d);
		return e;
	}
	*ret_desk = d;
	return OK;
}

void
desk_start(struct desk *d)
{
	journal_start(d->journal);
}

void
desk_free(struct desk *d)
{
	if (d == NULL)
		return;
	client_free(d->courier);
	secret_done(&d->plan_key);
	pens_free(d->pens);
	codes_free(d->codes);
	proven_free(d->proven);
	journal_free(d->journal);
	book_free(d->book);
	keystore_free(d->keystore);
	instance_done(&d->instance);
	free(d);
}

/* ---- what handlers ask ---- */

err_t
desk_record(struct desk *d, enum record_type type, int64_t now, const void *record)
{
	AUTO_BUF(payload, SEGMENT_PAYLOAD_MAX);
	record_write(type, record, &payload);
	TRY(buf_check(&payload));
	/* What the next start could not read would be its end, and that of every later one. */
	if (err_is(record_check(type, buf_bytes(&payload))))
		return err_make(ERR_INTERNAL, "a record of type %d that could not be read again", (int)type);
	return journal_put(d->journal, (uint8_t)type, now, buf_bytes(&payload));
}

err_t
desk_number_check(uint64_t before, uint64_t number)
{
	if (number > INT64_MAX || (number > before && number - before > DESK_STEP_MAX))
		return err_make(ERR_LIMIT, "the number %llu does not follow %llu", (unsigned long long)number,
		    (unsigned long long)before);
	return OK;
}

err_t
desk_clock_check(void)
{
	int64_t behind = clock_state().behind_mark_us;
	if (behind > DESK_BEHIND_MAX_US)
		return err_make(ERR_CLOCK, "the clock stands %lld s behind the newest record", (long long)(behind / TIME_SECOND));
	return OK;
}

err_t
desk_sign(struct desk *d, enum keystore_use use, struct bytes data, uint8_t *ret_signature, size_t *ret_n)
{
	uint8_t digest[DIGEST_LEN_MAX];
	enum digest_kind kind = use == KEYSTORE_ROOT ? DIGEST_SHA384 : DIGEST_SHA256;
	digest_of(kind, data, digest);
	return keystore_sign(d->keystore, use, bytes(digest, digest_len(kind)), ret_signature, ret_n);
}

err_t
desk_certificate(struct desk *d, enum keystore_use use, struct certificate *ret_certificate)
{
	struct keystore_chain chain;
	TRY(keystore_chain_get(d->keystore, use, &chain));
	return certificate_read(chain.certificate[0], ret_certificate);
}

struct name_facts
desk_own_name(const struct desk *d, enum keystore_use use, char text[DESK_NAME_MAX])
{
	static const char *const behind[] = {
	    [KEYSTORE_ROOT] = "Root CA",
	    [KEYSTORE_ISSUING] = "Issuing CA B",
	    [KEYSTORE_OCSP] = "OCSP Responder",
	    [KEYSTORE_TSU] = "Time-Stamping Unit 1",
	    [KEYSTORE_SEAL] = "Proof Seal",
	    [KEYSTORE_LOG] = "Log",
	};
	snprintf(text, DESK_NAME_MAX, "%s %s", d->instance.common_name, behind[use]);
	struct name_facts facts = {0};
	facts.value[NAME_COUNTRY] = str_c(d->instance.country);
	facts.value[NAME_ORGANIZATION] = str_c(d->instance.organisation);
	if (d->instance.organisation_id != NULL)
		facts.value[NAME_ORGANIZATION_ID] = str_c(d->instance.organisation_id);
	facts.value[NAME_COMMON_NAME] = str_c(text);
	return facts;
}
