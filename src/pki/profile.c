#include "pki/profile.h"
#include "base/time.h"
#include <jansson.h>

/* ---- one table row for each plain key of the file ---- */

enum kind { TEXT, BOOL, NUMBER };

static const struct row {
	const char *key;
	enum kind kind;
	size_t offset;
	int64_t least, most, unit;
} rows[] = {
#define AT(member) offsetof(struct profile, member)
	{"name", TEXT, AT(name), 0, 0, 0},
	{"issuer", TEXT, AT(issuer), 0, 0, 0},
	{"issuer_address", TEXT, AT(address), 0, 0, 0},
	{"natural_person", BOOL, AT(subject.natural_person), 0, 0, 0},
	{"life_seconds", NUMBER, AT(life_us), 600, 1000000000, TIME_SECOND},
	{"life_least_seconds", NUMBER, AT(life_least_us), 600, 1000000000, TIME_SECOND},
	{"life_most_seconds", NUMBER, AT(life_most_us), 600, 1000000000, TIME_SECOND},
	{"backdate_seconds", NUMBER, AT(backdate_us), 0, 60, TIME_SECOND},
	{"ca", BOOL, AT(ca), 0, 0, 0},
	{"ext_key_usage_critical", BOOL, AT(ext_key_usage_critical), 0, 0, 0},
	{"claims", BOOL, AT(claims), 0, 0, 0},
	{"authority_key_id", BOOL, AT(authority_key_id), 0, 0, 0},
	{"ca_issuers", BOOL, AT(ca_issuers), 0, 0, 0},
	{"ocsp", BOOL, AT(ocsp), 0, 0, 0},
	{"crl", BOOL, AT(crl), 0, 0, 0},
	{"ocsp_nocheck", BOOL, AT(ocsp_nocheck), 0, 0, 0},
	{"valassured", BOOL, AT(valassured), 0, 0, 0},
	{"private_key_usage_seconds", NUMBER, AT(private_key_usage_us), 0, 1000000000, TIME_SECOND},
	{"semantics_natural", BOOL, AT(semantics_natural), 0, 0, 0},
	{"email", BOOL, AT(email), 0, 0, 0},
};
enum { ROWS = sizeof rows / sizeof *rows };

static const struct word {
	const char *text;
	uint32_t bit;
} usages[] = {
	{"digitalSignature", PROFILE_KU_DIGITAL_SIGNATURE},
	{"nonRepudiation", PROFILE_KU_NON_REPUDIATION},
	{"keyCertSign", PROFILE_KU_KEY_CERT_SIGN},
	{"cRLSign", PROFILE_KU_CRL_SIGN},
	{NULL, 0},
}, purposes[] = {
	{"timeStamping", PROFILE_EKU_TIME_STAMPING},
	{"OCSPSigning", PROFILE_EKU_OCSP_SIGNING},
	{"documentSigning", PROFILE_EKU_DOCUMENT_SIGNING},
	{"adobePDFSigning", PROFILE_EKU_ADOBE_PDF},
	{NULL, 0},
};

static err_t
read_row(const char *file, const struct row *row, const json_t *value, struct profile *p)
{
	char *member = (char *)p + row->offset;
	if (row->kind == BOOL && json_is_boolean(value)) {
		*(bool *)(void *)member = json_is_true(value);
		return OK;
	}
	if (row->kind == NUMBER && json_is_integer(value)) {
		json_int_t n = json_integer_value(value);
		if (n < row->least || n > row->most)
			return err_make(ERR_PROFILE, "%s: %s is %lld; it lies between %lld and %lld", file, row->key,
			    (long long)n, (long long)row->least, (long long)row->most);
		int64_t us = n * row->unit;
		memcpy(member, &us, sizeof us);
		return OK;
	}
	if (row->kind == TEXT && json_is_string(value)) {
		size_t n = json_string_length(value);
		const char *text = json_string_value(value);
		if (n == 0 || n >= PROFILE_NAME_MAX || strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") != n)
			return err_make(ERR_PROFILE, "%s: %s is 1 to %d of a-z 0-9 -", file, row->key, PROFILE_NAME_MAX - 1);
		memcpy(member, text, n + 1);
		return OK;
	}
	return err_make(ERR_PROFILE, "%s: %s has the wrong type", file, row->key);
}

/* A list of words of a table, each at most once, to a set of bits. */
static err_t
read_words(const char *file, const char *key, const json_t *list, const struct word *words, uint32_t *ret_bits)
{
	uint32_t bits = 0;
	size_t i;
	json_t *item;
	if (!json_is_array(list))
		return err_make(ERR_PROFILE, "%s: %s is not a list", file, key);
	json_array_foreach(list, i, item) {
		const struct word *w = words;
		while (w->text && !(json_is_string(item) && strcmp(json_string_value(item), w->text) == 0))
			w++;
		if (!w->text || bits & w->bit)
			return err_make(ERR_PROFILE, "%s: %s has an unknown or repeated word", file, key);
		bits |= w->bit;
	}
	*ret_bits = bits;
	return OK;
}

static err_t
read_key(const char *file, const json_t *value, struct profile *p)
{
	const char *text = json_is_string(value) ? json_string_value(value) : "";
	if (strcmp(text, "P-256") == 0)
		p->key = ALGORITHM_ECDSA_P256;
	else if (strcmp(text, "P-384") == 0)
		p->key = ALGORITHM_ECDSA_P384;
	else
		return err_make(ERR_PROFILE, "%s: key is P-256 or P-384", file);
	return OK;
}

/* {"attribute": "CN", "required": true} for each place of the name, in order. */
static err_t
read_subject(const char *file, const json_t *list, struct profile *p)
{
	uint32_t seen = 0;
	size_t i;
	json_t *item;
	if (!json_is_array(list) || json_array_size(list) > NAME_RULES_MAX)
		return err_make(ERR_PROFILE, "%s: subject is not a list of at most %d", file, NAME_RULES_MAX);
	json_array_foreach(list, i, item) {
		const json_t *attribute = json_object_get(item, "attribute"), *required = json_object_get(item, "required");
		if (json_object_size(item) != 2 || !json_is_string(attribute) || !json_is_boolean(required))
			return err_make(ERR_PROFILE, "%s: each of subject is {\"attribute\": …, \"required\": …}", file);
		enum name_attribute a = name_attribute_find(str_c(json_string_value(attribute)));
		if (a == NAME_ATTRIBUTES || seen >> a & 1)
			return err_make(ERR_PROFILE, "%s: subject has an unknown or repeated attribute", file);
		seen |= UINT32_C(1) << a;
		p->subject.rules[p->subject.n++] = (struct name_rule){a, json_is_true(required)};
	}
	return OK;
}

/* {"any": true} or {"under": 2, "cps": true} */
static err_t
read_policies(const char *file, const json_t *list, struct profile *p)
{
	size_t i;
	json_t *item;
	if (!json_is_array(list) || json_array_size(list) > PROFILE_POLICIES_MAX)
		return err_make(ERR_PROFILE, "%s: policies is not a list of at most %d", file, PROFILE_POLICIES_MAX);
	json_array_foreach(list, i, item) {
		const json_t *any = json_object_get(item, "any"), *under = json_object_get(item, "under");
		const json_t *cps = json_object_get(item, "cps");
		bool is_any = json_object_size(item) == 1 && json_is_true(any);
		bool is_own = json_object_size(item) == 2 && json_is_integer(under) && json_is_boolean(cps) &&
		              json_integer_value(under) > 0 && json_integer_value(under) < 1000;
		if (!is_any && !is_own)
			return err_make(ERR_PROFILE, "%s: a policy is {\"any\": true} or {\"under\": 1, \"cps\": true}", file);
		p->policies[p->policies_n++] = (struct profile_policy){
			.any = is_any, .under = is_own ? (uint32_t)json_integer_value(under) : 0, .cps = json_is_true(cps)};
	}
	return OK;
}

static err_t
read_path_len(const char *file, const json_t *value, struct profile *p)
{
	p->path_len = PROFILE_PATH_ANY;
	if (json_is_null(value))
		return OK;
	if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > 4)
		return err_make(ERR_PROFILE, "%s: path_len is null or 0 to 4", file);
	p->path_len = (int)json_integer_value(value);
	return OK;
}

/* One key of the file; an unknown one is an error. */
static err_t
read_member(const char *file, const char *key, const json_t *value, struct profile *p)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strcmp(key, rows[i].key) == 0)
			return read_row(file, &rows[i], value, p);
	if (strcmp(key, "key") == 0)
		return read_key(file, value, p);
	if (strcmp(key, "subject") == 0)
		return read_subject(file, value, p);
	if (strcmp(key, "key_usage") == 0)
		return read_words(file, key, value, usages, &p->key_usage);
	if (strcmp(key, "ext_key_usage") == 0)
		return read_words(file, key, value, purposes, &p->ext_key_usage);
	if (strcmp(key, "policies") == 0)
		return read_policies(file, value, p);
	if (strcmp(key, "path_len") == 0)
		return read_path_len(file, value, p);
	if (strcmp(key, "comment") == 0)
		return OK;
	return err_make(ERR_PROFILE, "%s: the key %s is not known", file, key);
}

/* Every key must be there: what is left out by accident would otherwise be a silent default. */
static err_t
check_complete(const char *file, const json_t *object)
{
	static const char *const others[] = {"key", "subject", "key_usage", "ext_key_usage", "policies", "path_len"};
	for (size_t i = 0; i < ROWS; i++)
		if (!json_object_get(object, rows[i].key))
			return err_make(ERR_PROFILE, "%s: the key %s is missing", file, rows[i].key);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (!json_object_get(object, others[i]))
			return err_make(ERR_PROFILE, "%s: the key %s is missing", file, others[i]);
	return OK;
}

/* What no profile of a CA [RFC 5280 4.2.1.3, 4.2.1.9] or of an end entity may say. */
static const char *
contradiction(const struct profile *p)
{
	uint32_t ca_bits = PROFILE_KU_KEY_CERT_SIGN | PROFILE_KU_CRL_SIGN;
	if (p->ca && p->key_usage != ca_bits)
		return "a CA has keyCertSign and cRLSign, nothing else";
	if (p->ca && (p->ext_key_usage || p->ocsp_nocheck || p->valassured))
		return "a CA has no extKeyUsage, nocheck or noRevAvail"; /* [RFC 9608 3] */
	if (!p->ca && (p->key_usage == 0 || p->key_usage & ca_bits))
		return "an end entity has a key usage without keyCertSign and cRLSign";
	if (!p->ca && p->path_len != PROFILE_PATH_ANY)
		return "only a CA has a path length";
	bool answers = p->ext_key_usage & PROFILE_EKU_OCSP_SIGNING;
	if (p->ocsp_nocheck != answers || (answers && p->ext_key_usage != PROFILE_EKU_OCSP_SIGNING))
		return "OCSPSigning and ocsp-nocheck belong together, alone"; /* [EN 319 411-1 CSS-6.6.3-01B] */
	if (p->ocsp_nocheck && (p->ocsp || p->crl))
		return "an OCSP signer's own status is not checked, so it names no OCSP and no CRL";
	if (p->ext_key_usage & PROFILE_EKU_TIME_STAMPING &&
	    (p->ext_key_usage != PROFILE_EKU_TIME_STAMPING || !p->ext_key_usage_critical))
		return "timeStamping stands alone and critical"; /* [RFC 3161 2.3] */
	if (p->ext_key_usage != PROFILE_EKU_TIME_STAMPING && p->ext_key_usage_critical)
		return "only timeStamping is a critical extKeyUsage"; /* [EN 319 412-2 4.3.10] */
	if (p->valassured && (p->crl || p->ocsp || p->life_most_us > TIME_DAY))
		return "a short-term certificate names no OCSP and no CRL"; /* [EN 319 412-2 GEN-4.3.11-2] */
	if (p->life_least_us > p->life_us || p->life_us > p->life_most_us)
		return "life_least_seconds <= life_seconds <= life_most_seconds";
	return p->authority_key_id == profile_self_signed(p) ? "all but the self-signed have an authority_key_id" : NULL;
}

static err_t
check_sense(const char *file, const struct profile *p)
{
	bool common_name = false;
	for (size_t i = 0; i < p->subject.n; i++)
		common_name |= p->subject.rules[i].attribute == NAME_COMMON_NAME && p->subject.rules[i].required;
	const char *why = common_name ? contradiction(p) : "subject must demand CN";
	return why ? err_make(ERR_PROFILE, "%s: %s", file, why) : OK;
}

static void
drop_json(json_t **j)
{
	json_decref(*j);
}

err_t
profile_parse(struct bytes json, const char *file, struct profile *ret_profile)
{
	struct profile p = {0};
	json_error_t problem;
	const char *key;
	json_t *value;
	__attribute__((cleanup(drop_json))) json_t *object =
	    json_loadb((const char *)json.p, json.n, JSON_REJECT_DUPLICATES, &problem);
	if (!json_is_object(object))
		return err_make(ERR_PROFILE, "%s: line %d: %s", file, object ? 1 : problem.line,
		    object ? "not an object" : problem.text);
	TRY(check_complete(file, object));
	json_object_foreach(object, key, value)
		TRY(read_member(file, key, value, &p));
	TRY(check_sense(file, &p));
	*ret_profile = p;
	return OK;
}

err_t
profile_read(const char *file, struct profile *ret_profile)
{
	enum { MOST = 65536 };
	AUTO_BUF(text, MOST);
	FILE *f = fopen(file, "re");
	if (!f)
		return err_errno("%s", file);
	uint8_t *p = buf_extend(&text, MOST);
	size_t n = p ? fread(p, 1, MOST, f) : 0;
	bool bad = ferror(f) || n == MOST;
	fclose(f);
	if (bad)
		return err_make(ERR_PROFILE, "%s: cannot be read, or longer than %d octets", file, MOST - 1);
	return profile_parse(bytes(p, n), file, ret_profile);
}

err_t
profile_load(const char *dir, const char *name, struct profile *ret_profile)
{
	char file[4096];
	struct profile p;
	int n = snprintf(file, sizeof file, "%s/%s.json", dir, name);
	if (n < 0 || (size_t)n >= sizeof file)
		return err_make(ERR_PROFILE, "the path of the profiles is too long");
	TRY(profile_read(file, &p));
	if (strcmp(p.name, name) != 0)
		return err_make(ERR_PROFILE, "%s: name is %s, not the file's", file, p.name);
	*ret_profile = p;
	return OK;
}

err_t
profile_validity(const struct profile *p, int64_t now, int64_t life_us, int64_t issuer_not_after,
    int64_t *ret_not_before, int64_t *ret_not_after)
{
	int64_t life = life_us ? life_us : p->life_us;
	if (life < p->life_least_us || life > p->life_most_us || life % TIME_SECOND)
		return err_make(ERR_PROFILE, "%s: a life of %lld s is not allowed", p->name, (long long)(life / TIME_SECOND));
	int64_t from = time_floor(now) - p->backdate_us;
	int64_t to = from + life - TIME_SECOND; /* both ends count [RFC 5280 4.1.2.5] */
	if (issuer_not_after && to > issuer_not_after)
		return err_make(ERR_PROFILE, "%s: the certificate would outlive its issuer", p->name);
	*ret_not_before = from;
	*ret_not_after = to;
	return OK;
}

static err_t
url(const struct profile_instance *i, const char *path, const char *name, const char *end, char ret_url[PROFILE_URL_MAX])
{
	int n = snprintf(ret_url, PROFILE_URL_MAX, "%.*s%s%s%s", STR_ARG(i->base_url), path, name, end);
	if (n < 0 || n >= PROFILE_URL_MAX)
		return err_make(ERR_PROFILE, "the address of the service is too long for certificates");
	return OK;
}

err_t
profile_url_ca_issuers(const struct profile_instance *i, const char *name, char ret_url[PROFILE_URL_MAX])
{
	return url(i, "/aia/", name, ".cer", ret_url);
}

err_t
profile_url_crl(const struct profile_instance *i, const char *name, char ret_url[PROFILE_URL_MAX])
{
	return url(i, "/crl/", name, ".crl", ret_url);
}

err_t
profile_url_ocsp(const struct profile_instance *i, char ret_url[PROFILE_URL_MAX])
{
	return url(i, "/ocsp", "", "", ret_url);
}

err_t
profile_url_cps(const struct profile_instance *i, char ret_url[PROFILE_URL_MAX])
{
	return url(i, "/cps", "", "", ret_url);
}

err_t
profile_policy_oid(const struct profile_instance *i, uint32_t under, struct oid *ret_oid)
{
	return oid_under(&i->arc, under, ret_oid);
}
