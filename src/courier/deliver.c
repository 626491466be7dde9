#include "courier/deliver.h"
#include "base/base64.h"
#include "base/digest.h"
#include "base/rand.h"
#include "base/secret.h"
#include "base/time.h"
#include "courier/egress.h"
#include "courier/text.h"
#include "os/clock.h"
#include "os/file.h"

enum { MAIL_MAX = 32 * 1024 };

/* ---- opening
 * --------------------------------------------------------------------------------------------------------------- */

/* A file with one line; a missing name is no password. */
static err_t
password_read(const char *path, struct buf *ret)
{
	*ret = buf_init(1024);
	if (path == NULL || path[0] == '\0')
		return OK;
	TRY(file_read_path(path, ret));
	while (ret->n > 0 && (ret->p[ret->n - 1] == '\n' || ret->p[ret->n - 1] == '\r'))
		ret->n--;
	return OK;
}

/* "https://sign.example:8443/x" -> "sign.example" */
static void
host_of(const char *url, char *ret, size_t room)
{
	const char *from = strstr(url, "://");
	from = from == NULL ? url : from + 3;
	snprintf(ret, room, "%.*s", (int)strcspn(from, ":/"), from);
}

err_t
deliver_open(struct deliver *d, const struct instance *instance, struct catcher *catcher)
{
	*d = (struct deliver){.instance = instance, .catcher = catcher};
	host_of(instance->site_url, d->site, sizeof d->site);
	TRY(password_read(instance->mail_password_file, &d->mail_password));
	return password_read(instance->sms_token_file, &d->sms_token);
}

void
deliver_close(struct deliver *d)
{
	secret_wipe(d->mail_password.p, d->mail_password.n);
	secret_wipe(d->sms_token.p, d->sms_token.n);
	buf_done(&d->mail_password);
	buf_done(&d->sms_token);
}

/* ---- mail
 * -------------------------------------------------------------------------------------------------------------------
 */

bool
deliver_address_ok(struct str a)
{
	size_t ats = 0;
	for (size_t i = 0; i < a.n; i++) {
		uint8_t c = (uint8_t)a.p[i];
		if (c <= ' ' || c >= 0x7f || strchr("<>(),;:\\\"[]", c) != NULL)
			return false;
		ats += c == '@';
	}
	return ats == 1 && a.n >= 3 && a.n <= 254 && a.p[0] != '@' && a.p[a.n - 1] != '@';
}

/* A header value in any script [RFC 2047]: encoded words of at most 45 octets, cut between characters. */
static void
put_words(struct buf *b, struct str s)
{
	for (size_t at = 0; at < s.n;) {
		size_t from = at, next = at;
		while (next < s.n) {
			str_next(s, &next);
			if (next - from > 45)
				break;
			at = next;
		}
		buf_put_str(b, from > 0 ? STR("\r\n =?UTF-8?B?") : STR("=?UTF-8?B?"));
		base64_write(b, bytes(s.p + from, at - from));
		buf_put_str(b, STR("?="));
	}
}

static void
put_body(struct buf *b, struct str text)
{
	AUTO_BUF(encoded, MAIL_MAX);
	base64_write(&encoded, str_bytes(text));
	for (size_t at = 0; at < encoded.n; at += 76) {
		size_t n = encoded.n - at < 76 ? encoded.n - at : 76;
		buf_put(b, bytes(encoded.p + at, n));
		buf_put_str(b, STR("\r\n"));
	}
	secret_wipe(encoded.p, encoded.n);
}

/* "Sun, 22 Nov 2026 14:03:22 +0000" [RFC 5322 3.3] */
static void
put_date(struct buf *b, int64_t now)
{
	static const char days[] = "ThuFriSatSunMonTueWed", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct time_parts t = time_split(now);
	buf_printf(b, "Date: %.3s, %d %.3s %d %02d:%02d:%02d +0000\r\n", days + 3 * (now / TIME_DAY % 7), t.day,
	    months + 3 * (t.month - 1), t.year, t.hour, t.minute, t.second);
}

static void
mail_write(const struct deliver *d, struct str to, struct str subject, struct str text, int64_t now, struct buf *b)
{
	uint8_t id[16];
	char hex[33];
	rand_fill(id, sizeof id);
	bytes_hex(BYTES_OF(id), hex);
	buf_printf(b, "From: <%s>\r\nTo: <%.*s>\r\nSubject: ", d->instance->mail_from, STR_ARG(to));
	put_words(b, subject);
	buf_printf(b, "\r\nMessage-ID: <%s@%s>\r\n", hex, d->site);
	put_date(b, now);
	buf_put_str(b,
	    STR("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"
		"Auto-Submitted: auto-generated\r\n\r\n"));
	put_body(b, text);
}

struct upload {
	const struct buf *mail;
	size_t at;
};

static size_t
upload_read(char *p, size_t size, size_t n, void *arg)
{
	struct upload *u = arg;
	size_t left = u->mail->n - u->at, take = left < size * n ? left : size * n;
	if (take > 0)
		memcpy(p, u->mail->p + u->at, take);
	u->at += take;
	return take;
}

static err_t
smtp_run(const struct deliver *d, struct egress *e, struct curl_slist *to, struct upload *u)
{
	long status = 0;
	char from[512];
	snprintf(from, sizeof from, "<%s>", d->instance->mail_from);
	curl_easy_setopt(e->curl, CURLOPT_MAIL_FROM, from);
	curl_easy_setopt(e->curl, CURLOPT_MAIL_RCPT, to);
	curl_easy_setopt(e->curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(e->curl, CURLOPT_READFUNCTION, upload_read);
	curl_easy_setopt(e->curl, CURLOPT_READDATA, u);
	if (d->instance->mail_user[0] != '\0') {
		AUTO_BUF(password, 1100);
		buf_put(&password, buf_bytes(&d->mail_password));
		buf_put_byte(&password, '\0');
		curl_easy_setopt(e->curl, CURLOPT_USERNAME, d->instance->mail_user);
		curl_easy_setopt(e->curl, CURLOPT_PASSWORD, (const char *)password.p);
		/* With an account the connection must be encrypted. */
		curl_easy_setopt(e->curl, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
		secret_wipe(password.p, password.n);
	}
	return egress_run(e, &status);
}

static err_t
smtp_send(const struct deliver *d, struct str to, const struct buf *mail)
{
	char url[512], rcpt[300];
	snprintf(url, sizeof url, "%s://%s:%lld", d->instance->mail_transport, d->instance->mail_host,
	    (long long)d->instance->mail_port);
	snprintf(rcpt, sizeof rcpt, "<%.*s>", STR_ARG(to));
	AUTO_EGRESS(e);
	TRY(egress_open(&e, url, "smtp,smtps", true));
	struct curl_slist *list = curl_slist_append(NULL, rcpt);
	struct upload u = {mail, 0};
	err_t result = smtp_run(d, &e, list, &u);
	curl_slist_free_all(list);
	return result;
}

static err_t
mail_send(const struct deliver *d, struct str to, struct str subject, struct str text, int64_t now)
{
	if (!deliver_address_ok(to))
		return err_make(ERR_EGRESS, "the mail address is not one");
	if (strcmp(d->instance->mail_transport, "catcher") == 0) {
		catcher_put(d->catcher, "mail", to, subject, text, now);
		return OK;
	}
	AUTO_BUF(mail, MAIL_MAX);
	mail_write(d, to, subject, text, now, &mail);
	TRY(buf_check(&mail));
	err_t e = smtp_send(d, to, &mail);
	secret_wipe(mail.p, mail.n);
	return e;
}

/* ---- SMS and webhooks
 * -------------------------------------------------------------------------------------------------------- */

static void
json_text(struct buf *b, struct str text)
{
	buf_put_byte(b, '"');
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = (uint8_t)text.p[i];
		if (c == '"' || c == '\\')
			buf_printf(b, "\\%c", c);
		else if (c < 0x20)
			buf_printf(b, "\\u%04x", c);
		else
			buf_put_byte(b, c);
	}
	buf_put_byte(b, '"');
}

static struct curl_slist *
header_add(struct curl_slist *list, struct buf *line)
{
	buf_put_byte(line, '\0');
	struct curl_slist *more = curl_slist_append(list, (const char *)line->p);
	if (more == NULL)
		abort();
	return more;
}

/* Posts JSON with the headers; any status but 2xx is a failure. */
static err_t
post(const char *url, bool private_allowed, struct curl_slist *headers, struct bytes body)
{
	long status = 0;
	AUTO_EGRESS(e);
	TRY(egress_open(&e, url, private_allowed ? "https,http" : "https", private_allowed));
	curl_easy_setopt(e.curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(e.curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
	curl_easy_setopt(e.curl, CURLOPT_POSTFIELDS, (const char *)body.p);
	TRY(egress_run(&e, &status));
	if (status < 200 || status > 299)
		return err_make(ERR_EGRESS, "the other side answered with status %ld", status);
	return OK;
}

static err_t
sms_send(const struct deliver *d, struct str to, struct str text, int64_t now)
{
	if (strcmp(d->instance->sms_transport, "catcher") == 0) {
		catcher_put(d->catcher, "sms", to, STR(""), text, now);
		return OK;
	}
	if (strcmp(d->instance->sms_transport, "http") != 0)
		return err_make(ERR_EGRESS, "no SMS gateway is configured ([sms] transport)");
	AUTO_BUF(body, 4096);
	AUTO_BUF(authorization, 2048);
	AUTO_BUF(type, 64);
	buf_put_str(&body, STR("{\"to\":"));
	json_text(&body, to);
	buf_put_str(&body, STR(",\"text\":"));
	json_text(&body, text);
	buf_put_str(&body, STR("}"));
	buf_printf(&authorization, "Authorization: Bearer %.*s", (int)d->sms_token.n, (const char *)d->sms_token.p);
	buf_printf(&type, "Content-Type: application/json");
	struct curl_slist *headers = header_add(header_add(NULL, &authorization), &type);
	err_t e = post(d->instance->sms_url, true, headers, buf_bytes(&body));
	curl_slist_free_all(headers);
	secret_wipe(body.p, body.n);
	return e;
}

/* Standard Webhooks: webhook-signature: v1,<base64 of HMAC-SHA256(id.timestamp.body)>. */
static err_t
webhook_send(const struct deliver *d, const paraph_Message *m, int64_t now)
{
	char id[33];
	uint8_t mac[DIGEST_SHA256_LEN];
	struct str body = str_c(m->text);
	AUTO_BUF(signed_, MAIL_MAX);
	AUTO_BUF(id_line, 128);
	AUTO_BUF(at_line, 128);
	AUTO_BUF(mac_line, 256);
	AUTO_BUF(type, 64);
	bytes_hex(bytes(m->id.bytes, m->id.size), id);
	buf_printf(&signed_, "%s.%lld.", id, (long long)(now / TIME_SECOND));
	buf_put_str(&signed_, body);
	TRY(buf_check(&signed_));
	digest_hmac_sha256(bytes(m->secret.bytes, m->secret.size), buf_bytes(&signed_), mac);
	buf_printf(&id_line, "webhook-id: %s", id);
	buf_printf(&at_line, "webhook-timestamp: %lld", (long long)(now / TIME_SECOND));
	buf_put_str(&mac_line, STR("webhook-signature: v1,"));
	base64_write(&mac_line, BYTES_OF(mac));
	buf_printf(&type, "Content-Type: application/json");
	struct curl_slist *headers =
	    header_add(header_add(header_add(header_add(NULL, &id_line), &at_line), &mac_line), &type);
	err_t e = post(m->address, d->instance->webhook_private, headers, str_bytes(body));
	curl_slist_free_all(headers);
	return e;
}

/* ---- what the channels bring
 * ---------------------------------------------------------------------------------------------------- */

err_t
deliver_code(const struct deliver *d, const paraph_CodeMessage *m)
{
	AUTO_BUF(subject, 1024);
	AUTO_BUF(text, 4096);
	struct str to = str_c(m->address);
	err_t e;
	if (m->transport == paraph_Transport_TRANSPORT_SMS) {
		text_code_sms(m, d->site, &text);
		e = sms_send(d, to, (struct str){(const char *)text.p, text.n}, clock_now());
	} else {
		text_code_mail(m, d->site, &subject, &text);
		e = mail_send(d, to, (struct str){(const char *)subject.p, subject.n},
		    (struct str){(const char *)text.p, text.n}, clock_now());
	}
	secret_wipe(text.p, text.n);
	return e;
}

err_t
deliver_message(const struct deliver *d, const paraph_Message *m, int64_t now)
{
	switch (m->transport) {
	case paraph_Transport_TRANSPORT_SMS:
		return sms_send(d, str_c(m->address), str_c(m->text), now);
	case paraph_Transport_TRANSPORT_WEBHOOK:
		return webhook_send(d, m, now);
	default:
		return mail_send(d, str_c(m->address), str_c(m->subject), str_c(m->text), now);
	}
}
