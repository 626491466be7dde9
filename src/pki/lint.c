#include "pki/lint.h"
#include "base/time.h"
#include "pki/verify.h"

/* Everything that the checks of one certificate look at. Each check returns NULL, or what is wrong with its clause. */
struct look {
	struct certificate c;
	const struct profile *profile;
	const struct profile_instance *instance;
	const struct certificate *issuer; /* NULL: self-signed */
	int64_t now;
	char room[200]; /* for a text made by a check */
};
typedef const char *(*check_f)(struct look *l);

/* Keeps the detail of an error that another file found. */
static const char *
keep(struct look *l)
{
	snprintf(l->room, sizeof l->room, "%s", err_detail());
	return l->room;
}

static const char *
check_serial(struct look *l)
{
	return certificate_serial_check(l->c.serial) ? NULL : "the serial is not 20 octets that start with 40 to 7F [profile P1]";
}

static const char *
check_algorithm(struct look *l)
{
	enum algorithm key;
	struct bytes spki = l->issuer ? l->issuer->spki : l->c.spki;
	if (err_is(algorithm_of_key(spki, &key)) || key != l->c.algorithm)
		return "the signature algorithm is not that of the issuer's key [RFC 5280 4.1.2.3]";
	return NULL;
}

static const char *
check_issuer(struct look *l)
{
	if (!l->issuer)
		return certificate_self_issued(&l->c) ? NULL : "issuer and subject of a root differ [RFC 5280 3.2]";
	if (!bytes_eq(l->c.issuer, l->issuer->subject))
		return "the issuer is not the subject of the issuer's certificate [RFC 5280 4.1.2.4]";
	if (certificate_self_issued(&l->c))
		return "the subject is the issuer's name [RFC 5280 4.1.2.6]";
	if (!l->issuer->ca || !(l->issuer->key_usage & PROFILE_KU_KEY_CERT_SIGN))
		return "the issuer is not a certification authority [RFC 5280 4.2.1.9]";
	if (l->c.ca && l->issuer->path_len == 0)
		return "the issuer may not issue to certification authorities [RFC 5280 4.2.1.9]";
	return NULL;
}

static const char *
check_time_types(struct look *l)
{
	struct decode top = decode_init(l->c.tbs), d = decode_enter(&top, DER_SEQUENCE);
	decode_whole(&d, DER_EXPLICIT(0));
	decode_whole(&d, DER_INTEGER);
	decode_whole(&d, DER_SEQUENCE);
	decode_whole(&d, DER_SEQUENCE);
	struct decode validity = decode_enter(&d, DER_SEQUENCE);
	decode_time_typed(&validity);
	decode_time_typed(&validity);
	return top.why ? "a time is UTCTime from 2050 on or GeneralizedTime before [RFC 5280 4.1.2.5]" : NULL;
}

static const char *
check_validity(struct look *l)
{
	const struct profile *p = l->profile;
	int64_t life = l->c.not_after_at - l->c.not_before_at + TIME_SECOND; /* both ends count */
	if (life < p->life_least_us || life > p->life_most_us)
		return "the validity is shorter or longer than the profile allows [profile P3, RFC 5280 4.1.2.5]";
	if (l->c.not_before_at > l->now)
		return "notBefore lies in the future [profile P3]";
	if (l->c.not_before_at < time_floor(l->now) - p->backdate_us)
		return "notBefore is backdated further than the profile allows [profile P3]";
	if (!l->issuer)
		return NULL;
	if (l->c.not_after_at > l->issuer->not_after_at)
		return "the certificate outlives its issuer [profile P3]";
	return l->c.not_before_at < l->issuer->not_before_at ? "the certificate starts before its issuer [profile P3]" : NULL;
}

/* The attributes in the order that the profile fixes. */
static const char *
check_order(struct look *l)
{
	const struct name_form *form = &l->profile->subject;
	struct decode top = decode_init(l->c.subject), names = decode_enter(&top, DER_SEQUENCE);
	size_t at = 0;
	while (decode_more(&names)) {
		struct bytes one = decode_whole(&names, DER_SET);
		struct name_facts facts;
		uint8_t room[512];
		struct encode w = encode_init(room, sizeof room);
		struct bytes alone;
		encode_tlv(&w, DER_SEQUENCE, one);
		if (top.why || err_is(encode_done(&w, &alone)) || err_is(name_read(alone, &facts)))
			return "an attribute of the subject cannot be read [profile P4]";
		while (at < form->n && facts.value[form->rules[at].attribute].n == 0)
			at++;
		if (at++ == form->n)
			return "the attributes of the subject are not in the profile's order [profile P4]";
	}
	return NULL;
}

/* A demo says so in every name, and nothing else does. [profile P6] */
static const char *
check_demo(const struct look *l, const struct name_facts *f)
{
	bool common = name_says_demo(f->value[NAME_COMMON_NAME]), organization = name_says_demo(f->value[NAME_ORGANIZATION]);
	if (!l->instance->demo)
		return common || organization ? "a name says DEMO outside a demo installation [profile P6]" : NULL;
	if (l->profile->subject.natural_person)
		return common || organization || name_says_demo(f->value[NAME_SERIAL_NUMBER])
		           ? NULL
		           : "demo: the subject does not say DEMO in CN, O or serialNumber [profile P6]";
	return common && organization ? NULL : "demo: CN or O does not say DEMO [profile P6]";
}

static const char *
check_subject(struct look *l)
{
	struct name_facts f;
	if (err_is(name_read(l->c.subject, &f)) || err_is(name_check(&f, &l->profile->subject)))
		return keep(l);
	const char *why = check_order(l);
	return why ? why : check_demo(l, &f);
}

static const char *
check_key(struct look *l)
{
	enum algorithm key;
	if (err_is(algorithm_of_key(l->c.spki, &key)) || key != l->profile->key)
		return "the public key is not of the profile's kind [profile P2]";
	if (err_is(verify_key_check(l->c.spki)))
		return "the public key is not a point of its curve [profile P7]";
	if (l->issuer && bytes_eq(l->c.spki, l->issuer->spki))
		return "the public key is the issuer's [profile P7]";
	return NULL;
}

/* ---- extensions ----------------------------------------------------------------------------------------------------- */

enum presence { ABSENT, PLAIN, CRITICAL };

/* Whether an extension is there exactly as it must be. */
static bool
present_as(const struct look *l, struct bytes oid, enum presence wanted)
{
	struct bytes value;
	bool critical = false, there = !err_is(certificate_extension(&l->c, oid, &value, &critical));
	return wanted == ABSENT ? !there : there && critical == (wanted == CRITICAL);
}

/* Each extension with how it must be there. Fills a table and returns how many there are in all. */
static size_t
expected_presence(const struct look *l, struct bytes oids[20], enum presence wanted[20])
{
	const struct profile *p = l->profile;
	struct name_facts f;
	struct str serial = {NULL, 0};
	if (!err_is(name_read(l->c.subject, &f)))
		serial = f.value[NAME_SERIAL_NUMBER];
	bool semantics = p->semantics_natural && name_semantics_natural(serial);
	bool claims = p->claims && (l->instance->claims[0].n || l->instance->claims[1].n);
	const struct {
		struct bytes oid;
		enum presence wanted;
	} rows[] = {
		{OID_CE_SUBJECT_KEY_ID, PLAIN},
		{OID_CE_AUTHORITY_KEY_ID, p->authority_key_id ? PLAIN : ABSENT},
		{OID_CE_KEY_USAGE, CRITICAL},
		{OID_CE_BASIC_CONSTRAINTS, p->ca ? CRITICAL : ABSENT},
		{OID_CE_EXT_KEY_USAGE, !p->ext_key_usage ? ABSENT : p->ext_key_usage_critical ? CRITICAL : PLAIN},
		{OID_CE_CERTIFICATE_POLICIES, p->policies_n || claims ? PLAIN : ABSENT},
		{OID_PE_AUTHORITY_INFO_ACCESS, p->ca_issuers || p->ocsp ? PLAIN : ABSENT},
		{OID_CE_CRL_DISTRIBUTION_POINTS, p->crl ? PLAIN : ABSENT},
		{OID_CE_PRIVATE_KEY_USAGE_PERIOD, p->private_key_usage_us ? PLAIN : ABSENT},
		{OID_OCSP_NOCHECK, p->ocsp_nocheck ? PLAIN : ABSENT},
		{OID_ETSI_VALASSURED_ST_CERTS, p->valassured ? PLAIN : ABSENT},
		{OID_CE_NO_REV_AVAIL, p->valassured ? PLAIN : ABSENT},
		{OID_PE_QC_STATEMENTS, semantics ? PLAIN : ABSENT},
	};
	size_t n = sizeof rows / sizeof *rows;
	for (size_t i = 0; i < n; i++) {
		oids[i] = rows[i].oid;
		wanted[i] = rows[i].wanted;
	}
	return n;
}

/* A flag that is there must be TRUE: FALSE is the default, which DER leaves out. [X.690 11.5] */
static bool
flags_minimal(const struct certificate *c)
{
	struct decode d = decode_init(c->extensions);
	while (decode_more(&d)) {
		struct decode one = decode_enter(&d, DER_SEQUENCE);
		decode_oid(&one);
		if (decode_is(&one, DER_BOOLEAN) && !decode_bool(&one))
			return false;
	}
	return true;
}

static size_t
count_extensions(const struct certificate *c)
{
	struct decode d = decode_init(c->extensions);
	size_t n = 0;
	for (; decode_more(&d); n++)
		decode_any(&d, NULL);
	return n;
}

/* Exactly the profile's extensions, each critical or not as it must be, and no other. */
static const char *
check_presence(struct look *l)
{
	struct bytes oids[20];
	enum presence wanted[20];
	size_t n = expected_presence(l, oids, wanted), count = 0;
	if (!flags_minimal(&l->c))
		return "critical FALSE is written out though it is the default [X.690 11.5]";
	for (size_t i = 0; i < n; i++) {
		char text[OID_TEXT_MAX] = "?";
		count += wanted[i] != ABSENT;
		if (present_as(l, oids[i], wanted[i]))
			continue;
		err_ignore(oid_text(oids[i], text)); /* our own constant */
		snprintf(l->room, sizeof l->room, "extension %s must be %s [profile P8]", text,
		    wanted[i] == ABSENT ? "absent" : wanted[i] == CRITICAL ? "there and critical" : "there and not critical");
		return l->room;
	}
	count += l->profile->email && present_as(l, OID_CE_SUBJECT_ALT_NAME, PLAIN);
	return count_extensions(&l->c) == count ? NULL : "an extension that the profile does not name [profile P8]";
}

static const char *
check_key_ids(struct look *l)
{
	uint8_t id[ALGORITHM_KEY_ID_LEN];
	struct bytes value;
	if (err_is(algorithm_key_id(l->c.spki, id)) || !bytes_eq(l->c.subject_key_id, BYTES_OF(id)))
		return "subjectKeyIdentifier is not the SHA-1 of the key [RFC 5280 4.2.1.2]";
	if (!l->issuer)
		return NULL;
	if (!bytes_eq(l->c.authority_key_id, l->issuer->subject_key_id))
		return "authorityKeyIdentifier is not the issuer's key [RFC 5280 4.2.1.1]";
	if (err_is(certificate_extension(&l->c, OID_CE_AUTHORITY_KEY_ID, &value, NULL)) || value.n != 2 + 2 + ALGORITHM_KEY_ID_LEN)
		return "authorityKeyIdentifier holds more than the key [profile P9]";
	return NULL;
}

static const char *
check_usage(struct look *l)
{
	const struct profile *p = l->profile;
	if (l->c.key_usage != p->key_usage)
		return "keyUsage is not the profile's [profile P10, EN 319 412-2 NAT-4.3.2-1, RFC 5280 4.2.1.3]";
	if (l->c.ca != p->ca || l->c.path_len != p->path_len)
		return "basicConstraints is not the profile's [RFC 5280 4.2.1.9]";
	struct decode d = decode_init(l->c.ext_key_usage);
	uint32_t bits = 0;
	while (decode_more(&d)) {
		struct bytes oid = decode_oid(&d);
		uint32_t bit = bytes_eq(oid, OID_KP_TIME_STAMPING)       ? PROFILE_EKU_TIME_STAMPING
		               : bytes_eq(oid, OID_KP_OCSP_SIGNING)      ? PROFILE_EKU_OCSP_SIGNING
		               : bytes_eq(oid, OID_KP_DOCUMENT_SIGNING)  ? PROFILE_EKU_DOCUMENT_SIGNING
		               : bytes_eq(oid, OID_KP_ADOBE_PDF_SIGNING) ? PROFILE_EKU_ADOBE_PDF
		                                                         : 0;
		if (!bit || bits & bit)
			return "extKeyUsage names a purpose that the profile does not, or one twice [profile P11]";
		bits |= bit;
	}
	return bits == p->ext_key_usage ? NULL : "extKeyUsage is not the profile's [profile P11, RFC 3161 2.3, RFC 6960 4.2.2.2]";
}

/* The one policy at d is oid, with the practice statement's address exactly when there must be one. */
static bool
policy_is(struct decode *d, struct bytes oid, struct str cps)
{
	struct decode policy = decode_enter(d, DER_SEQUENCE);
	if (!bytes_eq(decode_oid(&policy), oid))
		return false;
	if (cps.n) {
		struct decode list = decode_enter(&policy, DER_SEQUENCE), one = decode_enter(&list, DER_SEQUENCE);
		if (!bytes_eq(decode_oid(&one), OID_QT_CPS) || !bytes_eq(decode_tlv(&one, DER_IA5), str_bytes(cps)))
			return false;
		decode_end(&one);
		decode_end(&list);
	}
	decode_end(&policy);
	return d->why == NULL;
}

static const char *
check_policies(struct look *l)
{
	static const char wrong[] = "certificatePolicies is not the profile's [profile P13, RFC 5280 4.2.1.4]";
	const struct profile *p = l->profile;
	const struct profile_instance *in = l->instance;
	struct decode d = decode_init(l->c.policies);
	for (size_t i = 0; i < p->policies_n; i++) {
		struct oid own = {0};
		if (!p->policies[i].any && err_is(profile_policy_oid(in, p->policies[i].under, &own)))
			return wrong;
		struct str cps = !p->policies[i].any && p->policies[i].cps ? in->cps_url : (struct str){NULL, 0};
		if (!policy_is(&d, p->policies[i].any ? OID_CE_ANY_POLICY : oid_bytes(&own), cps))
			return wrong;
	}
	for (size_t i = 0; p->claims && i < sizeof in->claims / sizeof *in->claims; i++)
		if (in->claims[i].n && (in->demo || !policy_is(&d, oid_bytes(&in->claims[i]), (struct str){NULL, 0})))
			return "a claimed policy is missing, or claimed by a demo [profile P6]";
	return decode_more(&d) ? wrong : NULL;
}

/* http://host…, printable ASCII, and not the name localhost, which linters refuse. */
static bool
url_good(struct str url)
{
	struct str head = STR("http://");
	if (url.n <= head.n || memcmp(url.p, head.p, head.n) != 0)
		return false;
	for (size_t i = 0; i < url.n; i++)
		if (url.p[i] <= 0x20 || url.p[i] >= 0x7f || strchr("\"<>\\^`{|}", url.p[i]))
			return false;
	struct str local = STR("http://localhost");
	return !(url.n >= local.n && memcmp(url.p, local.p, local.n) == 0);
}

static bool
url_is(struct str found, err_t made, const char *expected, bool wanted)
{
	if (!wanted)
		return found.n == 0;
	return !err_is(made) && str_eq(found, str_c(expected)) && url_good(found);
}

/* Number of elements in the SEQUENCE that is the value of an extension. */
static size_t
members(const struct look *l, struct bytes oid)
{
	struct bytes value;
	size_t n = 0;
	if (err_is(certificate_extension(&l->c, oid, &value, NULL)))
		return 0;
	struct decode top = decode_init(value), list = decode_enter(&top, DER_SEQUENCE);
	for (; decode_more(&list); n++)
		decode_any(&list, NULL);
	return n;
}

static const char *
check_addresses(struct look *l)
{
	const struct profile *p = l->profile;
	char url[PROFILE_URL_MAX];
	err_t e = profile_url_ca_issuers(l->instance, p->address, url);
	if (!url_is(l->c.ca_issuers_url, e, url, p->ca_issuers))
		return "AIA caIssuers is not the address of the issuer's certificate over http [profile P14, EN 319 412-2 GEN-4.4.1-2]";
	e = profile_url_ocsp(l->instance, url);
	if (!url_is(l->c.ocsp_url, e, url, p->ocsp))
		return "AIA OCSP is missing, wrong or too much [profile P14, EN 319 411-1 CSS-6.6.3-01B]";
	e = profile_url_crl(l->instance, p->address, url);
	if (!url_is(l->c.crl_url, e, url, p->crl))
		return "the CRL distribution point is missing, wrong or too much [profile P14, EN 319 412-2 GEN-4.3.11-2]";
	if (members(l, OID_PE_AUTHORITY_INFO_ACCESS) != (size_t)p->ca_issuers + p->ocsp ||
	    members(l, OID_CE_CRL_DISTRIBUTION_POINTS) != (size_t)p->crl)
		return "AIA or CRL distribution points name more than one address of a kind [profile P14]";
	return NULL;
}

static const char *
check_key_period(struct look *l)
{
	int64_t wanted = l->profile->private_key_usage_us
	                     ? l->c.not_before_at + l->profile->private_key_usage_us - TIME_SECOND
	                     : 0;
	if (l->c.key_not_after_at != wanted || wanted > l->c.not_after_at)
		return "privateKeyUsagePeriod is not the profile's [profile P15, EN 319 421 TIS-7.7.1-09]";
	return NULL;
}

/* Exactly one statement: pkix semantics with the identifier for natural persons. */
static const char *
check_statements(struct look *l)
{
	struct bytes value;
	if (err_is(certificate_extension(&l->c, OID_PE_QC_STATEMENTS, &value, NULL)))
		return NULL; /* check_presence has judged that */
	struct decode top = decode_init(value), list = decode_enter(&top, DER_SEQUENCE);
	struct decode one = decode_enter(&list, DER_SEQUENCE);
	bool good = bytes_eq(decode_oid(&one), OID_QCS_PKIX_V2);
	struct decode info = decode_enter(&one, DER_SEQUENCE);
	good = bytes_eq(decode_oid(&info), OID_QCS_SEMANTICS_NATURAL) && good;
	decode_end(&info);
	decode_end(&one);
	decode_end(&list);
	decode_end(&top);
	return good && !top.why ? NULL : "qcStatements claims more than the semantics of the serialNumber [profile P16]";
}

/* One rfc822Name of ASCII with one '@'. [RFC 5280 4.2.1.6] */
static const char *
check_email(struct look *l)
{
	struct bytes value;
	if (err_is(certificate_extension(&l->c, OID_CE_SUBJECT_ALT_NAME, &value, NULL)))
		return NULL;
	struct decode top = decode_init(value), list = decode_enter(&top, DER_SEQUENCE);
	struct bytes email = decode_tlv(&list, DER_CONTEXT(1));
	size_t ats = 0;
	decode_end(&list);
	for (size_t i = 0; i < email.n; i++) {
		if (email.p[i] <= 0x20 || email.p[i] >= 0x7f)
			return "the e-mail address is not ASCII [RFC 5280 4.2.1.6]";
		ats += email.p[i] == '@';
	}
	return top.why || ats != 1 ? "subjectAltName is not one e-mail address [profile P8]" : NULL;
}

static err_t
run(struct look *l, const check_f *checks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *why = checks[i](l);
		if (why)
			return err_make(ERR_LINT, "%s: %s", l->profile->name, why);
	}
	return OK;
}

err_t
lint_certificate(struct bytes tbs, const struct profile *profile, const struct profile_instance *instance,
    const struct certificate *issuer, int64_t now)
{
	static const check_f checks[] = {
		check_serial, check_algorithm, check_issuer, check_time_types, check_validity, check_subject, check_key,
		check_presence, check_key_ids, check_usage, check_policies, check_addresses, check_key_period,
		check_statements, check_email,
	};
	struct look l = {.profile = profile, .instance = instance, .issuer = issuer, .now = now};
	if ((issuer == NULL) != profile_self_signed(profile))
		return err_make(ERR_LINT, "%s: an issuer where there is none, or none where there is one", profile->name);
	if (tbs.n > CERTIFICATE_OCTETS_MAX - ALGORITHM_SIGNATURE_MAX - 32)
		return err_make(ERR_LINT, "%s: %zu octets are more than a certificate may have", profile->name, tbs.n);
	if (err_is(certificate_read_tbs(tbs, &l.c)))
		return err_make(ERR_LINT, "%s: not DER of a certificate: %s [RFC 5280 4.1]", profile->name, keep(&l));
	return run(&l, checks, sizeof checks / sizeof *checks);
}
