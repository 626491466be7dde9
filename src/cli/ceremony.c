#include "cli/ceremony.h"
#include "base/rand.h"
#include "base/time.h"
#include "os/file.h"
#include "os/process.h"
#include "os/socket.h"
#include "wire/client.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* A paraph-keys process in one role, and the channel to it. */
struct role {
	const char *name;
	pid_t pid;
	struct client *client;
};

struct run {
	const struct instance *instance;
	int64_t now_at;
	void (*progress)(const char *line);
	struct role root, issuing, status;
	paraph_Keys *ask, *answer;
	struct ceremony_result *result; /* of paraph init; NULL: a later ceremony, which makes no keys */
	uint64_t number;                /* of the list that a later ceremony asks for */
	struct buf *crl;
};

enum { PATIENCE_SECONDS = 60 };

static void
say(const struct run *r, const char *line)
{
	if (r->progress != NULL)
		r->progress(line);
}

/* PARAPH_FAULT_ROOT, _ISSUING and _STATUS name the point at which the program of that role dies. */
static void
fault_pass(const struct role *role, char *room, size_t n, char **ret_variable)
{
#ifdef PARAPH_FAULT_HOOKS
	static const struct {
		const char *role, *variable;
	} all[] = {{"root", "PARAPH_FAULT_ROOT"}, {"issuing", "PARAPH_FAULT_ISSUING"}, {"status", "PARAPH_FAULT_STATUS"}};
	for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
		const char *point = getenv(all[k].variable);
		if (point == NULL || strcmp(role->name, all[k].role) != 0)
			continue;
		snprintf(room, n, "PARAPH_FAULT=%s", point);
		*ret_variable = room;
	}
#else
	(void)role, (void)room, (void)n, (void)ret_variable;
#endif
}

/* A passphrase may come as a credential of the service manager, as it does to a service. Not to paraph init, which makes its own. */
static void
credentials_pass(const struct run *r, char *room, size_t n, char **ret_variable)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	if (r->result != NULL || folder == NULL || (size_t)snprintf(room, n, "CREDENTIALS_DIRECTORY=%s", folder) >= n)
		return;
	*ret_variable = room;
}

/* Whom the role runs as. Keys that exist belong to somebody, who need not be the user that root would make: an instance of
 * an ordinary user is helped by root too. */
static err_t
owner_of(const struct run *r, enum instance_user user, uid_t *ret_uid, gid_t *ret_gid)
{
	char folder[PATH_MAX];
	struct stat st;
	*ret_uid = instance_uid(r->instance, user);
	*ret_gid = (gid_t)*ret_uid;
	if (r->result != NULL || geteuid() != 0)
		return OK;
	TRY(instance_path(r->instance, "keys/root", folder));
	if (stat(folder, &st) != 0)
		return err_errno("%s", folder);
	if (st.st_uid == *ret_uid)
		return OK;
	*ret_uid = st.st_uid;
	*ret_gid = st.st_gid;
	return OK;
}

/* Where the shared files lie, when that was said: the profiles are among them. */
static void
share_pass(char *room, size_t n, char **ret_variable)
{
	const char *folder = getenv("PARAPH_SHARE");
	if (folder != NULL && (size_t)snprintf(room, n, "PARAPH_SHARE=%s", folder) < n)
		*ret_variable = room;
}

static err_t
role_exec(const struct run *r, struct role *role, enum instance_user user, int channel)
{
	char path[PATH_MAX], instance[PATH_MAX + 16], role_text[32];
	static char program[] = "paraph-keys", channel_text[] = "ceremony-keys=3", log[] = "log=2";
	static char first[] = "ceremony=first", later[] = "ceremony=later";
	TRY(process_find("paraph-keys", path));
	snprintf(instance, sizeof instance, "instance=%s", r->instance->directory);
	snprintf(role_text, sizeof role_text, "role=%s", role->name);
	char *argv[] = {program, role_text, instance, r->result == NULL ? later : first, log, channel_text, NULL};
	char fault[128], credentials[PATH_MAX + 32], share[PATH_MAX + 32];
	char *env[] = {NULL, NULL, NULL, NULL};
	size_t n = 0;
	credentials_pass(r, credentials, sizeof credentials, &env[n]);
	n += env[n] != NULL;
	share_pass(share, sizeof share, &env[n]);
	n += env[n] != NULL;
	fault_pass(role, fault, sizeof fault, &env[n]);
	const struct process_descriptor fds[] = {{0, 0}, {1, 1}, {2, 2}, {channel, 3}};
	uid_t uid;
	gid_t gid;
	TRY(owner_of(r, user, &uid, &gid));
	const struct process_start start = {.path = path, .argv = argv, .envp = env, .descriptors = fds, .descriptors_n = 4,
	    .uid = uid, .gid = gid};
	return process_start(&start, &role->pid);
}

static err_t
role_start(const struct run *r, struct role *role, const char *name, enum instance_user user)
{
	int pair[2];
	role->name = name;
	TRY(socket_pair(pair));
	err_t e = role_exec(r, role, user, pair[1]);
	close(pair[1]);
	if (err_is(e)) {
		close(pair[0]);
		return e;
	}
	role->client = client_new(&message_keys, pair[0]);
	return OK;
}

/* The process ends when its channel closes. */
static void
role_stop(struct role *role)
{
	int status;
	client_free(role->client);
	role->client = NULL;
	if (role->pid > 0)
		waitpid(role->pid, &status, 0);
	role->pid = 0;
}

static paraph_Keys *
ask_new(struct run *r, pb_size_t tag)
{
	memset(r->ask, 0, sizeof *r->ask);
	r->ask->which_body = tag;
	return r->ask;
}

static err_t
ask(struct run *r, struct role *role, const int *fds, size_t fds_n, pb_size_t wanted)
{
	return client_ask(role->client, r->ask, fds, fds_n, PATIENCE_SECONDS * TIME_SECOND, wanted, r->answer);
}

static err_t
key_make(struct run *r, struct role *role, paraph_Purpose purpose, struct buf *spki)
{
	ask_new(r, paraph_Keys_key_make_tag)->body.key_make.purpose = purpose;
	TRY(ask(r, role, NULL, 0, paraph_Keys_key_made_tag));
	buf_put(spki, bytes(r->answer->body.key_made.spki.bytes, r->answer->body.key_made.spki.size));
	return buf_check(spki);
}

/* From the root. */
static err_t
certificate_get(struct run *r, paraph_Purpose purpose, const struct buf *spki, struct buf *certificate)
{
	paraph_CeremonyCertificateSign *m =
	    &ask_new(r, paraph_Keys_ceremony_certificate_sign_tag)->body.ceremony_certificate_sign;
	m->purpose = purpose;
	m->serial.size = 20;
	rand_serial(m->serial.bytes);
	if (spki->n > sizeof m->spki.bytes)
		return err_make(ERR_LIMIT, "a public key of %zu octets", spki->n);
	m->spki.size = (pb_size_t)spki->n;
	memcpy(m->spki.bytes, spki->p, spki->n);
	TRY(ask(r, &r->root, NULL, 0, paraph_Keys_certificate_signed_tag));
	const paraph_CertificateSigned *a = &r->answer->body.certificate_signed;
	buf_put(certificate, bytes(a->certificate.bytes, a->certificate.size));
	return buf_check(certificate);
}

static err_t
certificate_store(struct run *r, struct role *role, paraph_Purpose purpose, const struct buf *certificate,
    const struct buf *const *chain, size_t chain_n)
{
	paraph_CertificateStore *m = &ask_new(r, paraph_Keys_certificate_store_tag)->body.certificate_store;
	m->purpose = purpose;
	if (certificate->n > sizeof m->certificate.bytes)
		return err_make(ERR_LIMIT, "a certificate of %zu octets", certificate->n);
	m->certificate.size = (pb_size_t)certificate->n;
	memcpy(m->certificate.bytes, certificate->p, certificate->n);
	for (size_t i = 0; i < chain_n; i++) {
		if (chain[i]->n > sizeof m->chain[i].bytes)
			return err_make(ERR_LIMIT, "a certificate of %zu octets", chain[i]->n);
		m->chain[i].size = (pb_size_t)chain[i]->n;
		memcpy(m->chain[i].bytes, chain[i]->p, chain[i]->n);
		m->chain_count++;
	}
	return client_call(role->client, r->ask, NULL, 0, PATIENCE_SECONDS * TIME_SECOND, r->answer);
}

/* An unnamed file in the instance, to hand to a program by descriptor. */
static err_t
scratch(const struct instance *i, int *ret_fd)
{
	int fd = open(i->directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno("making a temporary file in %s", i->directory);
	*ret_fd = fd;
	return OK;
}

/* With this number, or the next one that the root's journal does not know yet. */
static err_t
root_crl_get(struct run *r, uint64_t number, struct buf *ret_crl)
{
	AUTO_FD(entries) = -1;
	AUTO_FD(crl) = -1;
	TRY(scratch(r->instance, &entries));
	TRY(scratch(r->instance, &crl));
	paraph_CrlSign *m = &ask_new(r, paraph_Keys_crl_sign_tag)->body.crl_sign;
	m->intent.size = 16;
	rand_fill(m->intent.bytes, 16);
	m->number = number;
	m->this_update = time_floor(r->now_at);
	m->next_update = m->this_update + r->instance->root_crl_days * TIME_DAY;
	TRY(ask(r, &r->root, (int[]){entries, crl}, 2, paraph_Keys_crl_signed_tag));
	return file_read(crl, ret_crl);
}

static err_t
ocsp_certificate_get(struct run *r)
{
	paraph_OcspCertificateSign *m = &ask_new(r, paraph_Keys_ocsp_certificate_sign_tag)->body.ocsp_certificate_sign;
	const struct buf *spki = &r->result->ocsp_spki;
	m->intent.size = 16;
	rand_fill(m->intent.bytes, 16);
	m->serial.size = 20;
	rand_serial(m->serial.bytes);
	if (spki->n > sizeof m->spki.bytes)
		return err_make(ERR_LIMIT, "a public key of %zu octets", spki->n);
	m->spki.size = (pb_size_t)spki->n;
	memcpy(m->spki.bytes, spki->p, spki->n);
	TRY(ask(r, &r->issuing, NULL, 0, paraph_Keys_certificate_signed_tag));
	const paraph_CertificateSigned *a = &r->answer->body.certificate_signed;
	buf_put(&r->result->ocsp, bytes(a->certificate.bytes, a->certificate.size));
	return buf_check(&r->result->ocsp);
}

static err_t
root_ceremony(struct run *r)
{
	AUTO_BUF(spki, 1024);
	TRY(key_make(r, &r->root, paraph_Purpose_PURPOSE_ROOT, &spki));
	TRY(certificate_get(r, paraph_Purpose_PURPOSE_ROOT, &spki, &r->result->root));
	say(r, "root key and certificate (P-384)");
	return OK;
}

static err_t
issuing_ceremony(struct run *r)
{
	struct ceremony_result *c = r->result;
	const struct buf *chain[] = {&c->root};
	AUTO_BUF(ca, 1024);
	AUTO_BUF(seal, 1024);
	TRY(key_make(r, &r->issuing, paraph_Purpose_PURPOSE_ISSUING, &ca));
	TRY(certificate_get(r, paraph_Purpose_PURPOSE_ISSUING, &ca, &c->issuing));
	TRY(certificate_store(r, &r->issuing, paraph_Purpose_PURPOSE_ISSUING, &c->issuing, chain, 1));
	say(r, "issuing CA");
	TRY(key_make(r, &r->issuing, paraph_Purpose_PURPOSE_SEAL, &seal));
	TRY(certificate_get(r, paraph_Purpose_PURPOSE_SEAL, &seal, &c->seal));
	TRY(certificate_store(r, &r->issuing, paraph_Purpose_PURPOSE_SEAL, &c->seal, chain, 1));
	say(r, "seal");
	TRY(key_make(r, &r->issuing, paraph_Purpose_PURPOSE_LOG, &c->log_spki));
	say(r, "key of the audit log");
	return OK;
}

static err_t
status_ceremony(struct run *r)
{
	struct ceremony_result *c = r->result;
	const struct buf *root_only[] = {&c->root}, *whole[] = {&c->issuing, &c->root};
	AUTO_BUF(tsu, 1024);
	TRY(key_make(r, &r->status, paraph_Purpose_PURPOSE_TSU, &tsu));
	TRY(certificate_get(r, paraph_Purpose_PURPOSE_TSU, &tsu, &c->tsu));
	TRY(certificate_store(r, &r->status, paraph_Purpose_PURPOSE_TSU, &c->tsu, root_only, 1));
	/* The pen must know the unit whose stamps it takes. */
	TRY(certificate_store(r, &r->issuing, paraph_Purpose_PURPOSE_TSU, &c->tsu, root_only, 1));
	say(r, "time-stamp unit");
	TRY(key_make(r, &r->status, paraph_Purpose_PURPOSE_OCSP, &c->ocsp_spki));
	TRY(ocsp_certificate_get(r));
	TRY(certificate_store(r, &r->status, paraph_Purpose_PURPOSE_OCSP, &c->ocsp, whole, 2));
	say(r, "OCSP signer");
	return OK;
}

static err_t
all_ceremonies(struct run *r)
{
	TRY(role_start(r, &r->root, "root", INSTANCE_USER_KEYS));
	TRY(root_ceremony(r));
	TRY(role_start(r, &r->issuing, "issuing", INSTANCE_USER_KEYS));
	TRY(issuing_ceremony(r));
	TRY(role_start(r, &r->status, "status", INSTANCE_USER_KEYS_STATUS));
	TRY(status_ceremony(r));
	TRY(root_crl_get(r, 1, &r->result->root_crl));
	say(r, "the root's list of revoked certificates");
	return OK;
}

void
ceremony_done(struct ceremony_result *r)
{
	struct buf *all[] = {&r->root, &r->issuing, &r->tsu, &r->seal, &r->ocsp, &r->root_crl, &r->log_spki, &r->ocsp_spki};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		buf_done(all[i]);
}

/* Runs one of the ceremonies; whatever became of it, no program of it is left. */
static err_t
hold(struct run *r, err_t (*act)(struct run *r))
{
	r->ask = message_new(&message_keys);
	r->answer = message_new(&message_keys);
	err_t e = OK; /* in two steps: cppcheck 2.17 takes a declaration for a constructor that keeps r */
	e = (*act)(r);
	role_stop(&r->status);
	role_stop(&r->issuing);
	role_stop(&r->root);
	message_free(&message_keys, r->ask);
	message_free(&message_keys, r->answer);
	return e;
}

err_t
ceremony_run(const struct instance *i, int64_t now_at, void (*progress)(const char *line),
    struct ceremony_result *ret_result)
{
	struct buf empty = buf_init(8192);
	*ret_result = (struct ceremony_result){empty, empty, empty, empty, empty, empty, empty, empty};
	struct run r = {.instance = i, .now_at = now_at, .progress = progress, .result = ret_result};
	return hold(&r, all_ceremonies);
}

static err_t
root_crl_ceremony(struct run *r)
{
	TRY(role_start(r, &r->root, "root", INSTANCE_USER_KEYS));
	err_t e = root_crl_get(r, r->number, r->crl);
	return e.code != ERR_PEER_GONE ? e :
	    err_make(ERR_START, "paraph-keys role=root ended, its own line says why: key store, passphrase and journal in %s/keys/root must be "
	    "those that paraph init made", r->instance->directory);
}

err_t
ceremony_root_crl(const struct instance *i, int64_t now_at, uint64_t number, struct buf *crl)
{
	struct run r = {.instance = i, .now_at = now_at, .number = number, .crl = crl};
	return hold(&r, root_crl_ceremony);
}
