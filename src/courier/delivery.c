#include "courier/delivery.h"
#include "base/base64.h"
#include "base/digest.h"
#include "base/secret.h"
#include "courier/egress.h"
#include "courier/mail.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/pool.h"

enum { WORKERS = 4, JOBS_MAX = 256, SECRET_FILE_MAX = 1024, TEXT_MAX = 16 * 1024, MAIL_MAX = 64 * 1024 };

struct delivery {
	const struct instance *instance;
	struct words_house house;
	struct loop *loop;
	struct pool *pool;
	struct catcher *catcher; /* NULL: none */
	char mail_password[SECRET_FILE_MAX];
	char sms_token[SECRET_FILE_MAX];
};

struct job {
	struct delivery *delivery;
	paraph_Courier *message;
	delivery_done_f done;
	void *arg;
	err_t result;
	char detail[300];
};

bool
delivery_leaves(const struct instance *i)
{
	return i->kind != INSTANCE_DEMO || strcmp(i->mail_transport, "catcher") != 0 || strcmp(i->sms_transport, "http") == 0;
}

/* First line of a file; nothing when no file is named. */
static err_t
secret_file_read(const char *path, char ret_text[SECRET_FILE_MAX])
{
	AUTO_BUF(text, SECRET_FILE_MAX - 1);
	if (path[0] == '\0')
		return OK;
	TRY(file_read_path(path, &text));
	size_t n = 0;
	while (n < text.n && text.p[n] >= ' ')
		n++;
	memcpy(ret_text, text.p, n);
	ret_text[n] = '\0';
	secret_wipe(text.p, text.n);
	return OK;
}

err_t
delivery_new(const struct instance *instance, struct loop *loop, struct delivery **ret_delivery)
{
	struct delivery *d = calloc(1, sizeof *d);
	if (d == NULL)
		abort();
	d->instance = instance;
	d->loop = loop;
	d->house = (struct words_house){instance->name, instance->site_url, instance->kind == INSTANCE_DEMO};
	err_t e = secret_file_read(instance->mail_password_file, d->mail_password);
	if (!err_is(e))
		e = secret_file_read(instance->sms_token_file, d->sms_token);
	if (err_is(e)) {
		free(d);
		return e;
	}
	if (strcmp(instance->mail_transport, "catcher") == 0 || strcmp(instance->sms_transport, "catcher") == 0)
		d->catcher = catcher_new();
	*ret_delivery = d;
	return OK;
}

void
delivery_start(struct delivery *d)
{
	d->pool = pool_new(WORKERS, JOBS_MAX);
}

struct catcher *
delivery_catcher(struct delivery *d)
{
	return d->catcher;
}

/* ---- ways ---- */

/* What goes out, whichever way; the buffers are wiped by letter_done. */
struct letter {
	paraph_Transport transport;
	const char *to;
	struct bytes id;
	struct bytes secret;
	struct buf subject, text;
};

static void
letter_done(struct letter *l)
{
	if (l->text.n > 0)
		secret_wipe(l->text.p, l->text.n);
	buf_done(&l->subject);
	buf_done(&l->text);
}

static err_t
letter_write(const struct delivery *d, const paraph_Courier *m, struct letter *l)
{
	l->subject = buf_init(TEXT_MAX);
	l->text = buf_init(TEXT_MAX);
	if (m->which_body == paraph_Courier_code_tag) {
		const paraph_CodeMessage *c = &m->body.code;
		l->transport = c->transport;
		l->to = c->address;
		l->id = bytes(&m->id, sizeof m->id);
		words_code_subject(&d->house, c, &l->subject);
		if (c->transport == paraph_Transport_TRANSPORT_SMS)
			words_code_sms(&d->house, c, &l->text);
		else
			words_code_mail(&d->house, c, &l->text);
	} else {
		const paraph_Message *t = &m->body.message;
		l->transport = t->transport;
		l->to = t->address;
		l->id = bytes(t->id.bytes, t->id.size);
		l->secret = bytes(t->secret.bytes, t->secret.size);
		buf_put_str(&l->subject, str_c(t->subject));
		buf_put_str(&l->text, str_c(t->text));
	}
	TRY(buf_check(&l->subject));
	return buf_check(&l->text);
}

static err_t
mail_send(const struct delivery *d, const struct letter *l)
{
	const struct instance *i = d->instance;
	AUTO_BUF(octets, MAIL_MAX);
	struct mail m = {
	    .from = str_c(i->mail_from),
	    .from_name = str_c(i->name),
	    .to = str_c(l->to),
	    .subject = buf_bytes(&l->subject),
	    .text = buf_bytes(&l->text),
	    .id = l->id,
	    .at = clock_now(),
	};
	TRY(mail_write(&m, &octets));
	const struct egress_server server = {
	    .tls = strcmp(i->mail_transport, "smtps") == 0,
	    .host = i->mail_host,
	    .port = (int)i->mail_port,
	    .user = i->mail_user,
	    .password = d->mail_password,
	};
	char from[300], to[300];
	snprintf(from, sizeof from, "<%s>", i->mail_from);
	snprintf(to, sizeof to, "<%s>", l->to);
	err_t e = egress_mail(&server, from, to, buf_bytes(&octets));
	secret_wipe(octets.p, octets.n);
	return e;
}

static err_t
sms_send(const struct delivery *d, const struct letter *l)
{
	AUTO_BUF(body, TEXT_MAX * 2);
	char bearer[SECRET_FILE_MAX + 16];
	if (strcmp(d->instance->sms_transport, "http") != 0)
		return err_make(ERR_ADDRESS, "this installation sends no messages to telephones");
	buf_put_str(&body, STR("{\"to\":"));
	words_put_json(&body, bytes(l->to, strlen(l->to)));
	buf_put_str(&body, STR(",\"text\":"));
	words_put_json(&body, buf_bytes(&l->text));
	buf_put_byte(&body, '}');
	snprintf(bearer, sizeof bearer, "Bearer %s", d->sms_token);
	const struct egress_header headers[] = {{"Authorization", bearer}};
	err_t e = egress_post(d->instance->sms_url, headers, d->sms_token[0] == '\0' ? 0 : 1, buf_bytes(&body), false);
	secret_wipe(body.p, body.n);
	return e;
}

/* Standard Webhooks: HMAC-SHA-256 over "id.timestamp.body". */
static err_t
webhook_send(const struct delivery *d, const struct letter *l)
{
	char id[64] = "msg_", at[24];
	uint8_t mac[DIGEST_SHA256_LEN];
	AUTO_BUF(content, TEXT_MAX + 128);
	AUTO_BUF(signature, 64);
	bytes_hex(bytes_sub(l->id, 0, l->id.n < 24 ? l->id.n : 24), id + 4);
	snprintf(at, sizeof at, "%lld", (long long)(clock_now() / TIME_SECOND));
	buf_printf(&content, "%s.%s.", id, at);
	buf_put(&content, buf_bytes(&l->text));
	digest_hmac_sha256(l->secret, buf_bytes(&content), mac);
	buf_put_str(&signature, STR("v1,"));
	base64_write(&signature, BYTES_OF(mac));
	buf_put_byte(&signature, '\0');
	const struct egress_header headers[] = {
	    {"webhook-id", id}, {"webhook-timestamp", at}, {"webhook-signature", (const char *)signature.p}};
	return egress_post(l->to, headers, 3, buf_bytes(&l->text), d->instance->webhook_private);
}

static bool
is_caught(const struct delivery *d, paraph_Transport transport)
{
	if (transport == paraph_Transport_TRANSPORT_SMS)
		return strcmp(d->instance->sms_transport, "catcher") == 0;
	if (transport == paraph_Transport_TRANSPORT_EMAIL)
		return strcmp(d->instance->mail_transport, "catcher") == 0;
	return d->instance->kind == INSTANCE_DEMO && d->catcher != NULL;
}

static const char *
transport_name(paraph_Transport transport)
{
	return transport == paraph_Transport_TRANSPORT_SMS       ? "sms"
	       : transport == paraph_Transport_TRANSPORT_WEBHOOK ? "webhook"
	                                                         : "email";
}

static err_t
letter_send(const struct delivery *d, const struct letter *l)
{
	switch (l->transport) {
	case paraph_Transport_TRANSPORT_SMS:
		return sms_send(d, l);
	case paraph_Transport_TRANSPORT_WEBHOOK:
		return webhook_send(d, l);
	case paraph_Transport_TRANSPORT_EMAIL:
		break;
	}
	return mail_send(d, l);
}

/* ---- jobs ---- */

static void
job_finish(void *arg)
{
	struct job *job = arg;
	job->done(job->arg, job->result, job->detail);
	message_free(&message_courier, job->message);
	free(job);
}

static void
job_run(void *arg, size_t index)
{
	struct job *job = arg;
	struct letter l = {0};
	(void)index;
	job->result = letter_write(job->delivery, job->message, &l);
	if (!err_is(job->result))
		job->result = letter_send(job->delivery, &l);
	if (err_is(job->result))
		snprintf(job->detail, sizeof job->detail, "%s", err_detail());
	letter_done(&l);
	loop_post(job->delivery->loop, job_finish, job);
}

static err_t
letter_catch(struct delivery *d, const paraph_Courier *message)
{
	struct letter l = {0};
	err_t e = letter_write(d, message, &l);
	if (!err_is(e))
		catcher_put(d->catcher, transport_name(l.transport), str_c(l.to), buf_bytes(&l.subject), buf_bytes(&l.text),
		    clock_now());
	letter_done(&l);
	return e;
}

static paraph_Transport
transport_of(const paraph_Courier *m)
{
	return m->which_body == paraph_Courier_code_tag ? m->body.code.transport : m->body.message.transport;
}

void
delivery_send(struct delivery *d, const paraph_Courier *message, delivery_done_f done, void *arg)
{
	if (is_caught(d, transport_of(message))) {
		err_t e = letter_catch(d, message);
		done(arg, e, err_is(e) ? err_detail() : "");
		return;
	}
	struct job *job = calloc(1, sizeof *job);
	if (job == NULL)
		abort();
	*job = (struct job){.delivery = d, .message = message_new(&message_courier), .done = done, .arg = arg};
	memcpy(job->message, message, sizeof *job->message);
	if (pool_submit(d->pool, job_run, job))
		return;
	message_free(&message_courier, job->message);
	free(job);
	done(arg, err_make(ERR_DEADLINE, "too many messages are under way"), "too many messages are under way");
}
