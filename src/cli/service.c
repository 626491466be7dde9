#include "cli/service.h"
#include "base/rand.h"
#include "base/secret.h"
#include "os/file.h"
#include "os/instance.h"

enum { KEY_MAX = 256 };

static err_t
key_use(struct http *h, const char *path)
{
	AUTO_BUF(key, KEY_MAX);
	TRY(file_check_input(path));
	TRY(file_read_path(path, &key));
	while (key.n > 0 && (key.p[key.n - 1] == '\n' || key.p[key.n - 1] == ' '))
		key.n--;
	buf_put_byte(&key, '\0');
	TRY(buf_check(&key));
	http_bearer(h, (const char *)key.p);
	secret_wipe(key.p, key.n);
	return OK;
}

static err_t
open_instance(const struct service_wish *w, const char *key_name, struct http **ret_http)
{
	struct instance i;
	char ca[PATH_MAX], key[PATH_MAX], name[64];
	TRY(instance_read(w->instance, &i));
	snprintf(name, sizeof name, "admin/%s.key", key_name == NULL ? "" : key_name);
	err_t e = instance_path(&i, "public/tls.crt", ca);
	if (!err_is(e))
		e = instance_path(&i, name, key);
	if (!err_is(e))
		e = http_new(w->url != NULL ? w->url : i.site_url, w->ca != NULL ? w->ca : ca, ret_http);
	instance_done(&i);
	TRY(e);
	return key_name == NULL ? OK : key_use(*ret_http, w->key_file != NULL ? w->key_file : key);
}

bool
service_is_named(const struct service_wish *w)
{
	return w->instance != NULL || (w->url != NULL && w->key_file != NULL);
}

err_t
service_open(const struct service_wish *w, const char *key_name, struct http **ret_http)
{
	if (w->ca != NULL)
		TRY(file_check_input(w->ca));
	if (w->instance != NULL)
		return open_instance(w, key_name, ret_http);
	if (w->url == NULL || (key_name != NULL && w->key_file == NULL))
		return err_make(ERR_CONF, "say which service: --instance DIR, or --url URL and the files of its API keys");
	TRY(http_new(w->url, w->ca, ret_http));
	return key_name == NULL ? OK : key_use(*ret_http, w->key_file);
}

err_t
service_text(const json_t *object, const char *member, const char **ret_text)
{
	const char *text = json_string_value(json_object_get(object, member));
	if (text == NULL)
		return err_make(ERR_INPUT, "the answer of the service lacks %s", member);
	*ret_text = text;
	return OK;
}

void
service_idempotency(char ret_key[33])
{
	uint8_t octets[16];
	rand_fill(octets, sizeof octets);
	bytes_hex(BYTES_OF(octets), ret_key);
}
