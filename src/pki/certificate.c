#include "pki/certificate.h"
#include "base/time.h"

/* ---- writing: the last member first ------------------------------------------------------------------------------- */

/* Wraps what was written since mark as the value of an extension. */
static void
put_extension(struct encode *w, size_t mark, struct bytes oid, bool critical)
{
	encode_wrap(w, DER_OCTET_STRING, mark);
	if (critical)
		encode_bool(w, true);
	encode_oid(w, oid);
	encode_wrap(w, DER_SEQUENCE, mark);
}

static void
put_flag(struct encode *w, struct bytes oid)
{
	size_t mark = encode_mark(w);
	encode_null(w);
	put_extension(w, mark, oid, false);
}

/* GeneralName uniformResourceIdentifier */
static void
put_uri(struct encode *w, const char *url)
{
	encode_tlv(w, DER_CONTEXT(6), str_bytes(str_c(url)));
}

/* AccessDescription [RFC 5280 4.2.2.1] */
static void
put_access(struct encode *w, struct bytes method, const char *url)
{
	size_t mark = encode_mark(w);
	put_uri(w, url);
	encode_oid(w, method);
	encode_wrap(w, DER_SEQUENCE, mark);
}

static err_t
put_authority_info(struct encode *w, const struct profile *p, const struct profile_instance *i)
{
	size_t mark = encode_mark(w);
	char url[PROFILE_URL_MAX];
	if (!p->ca_issuers && !p->ocsp)
		return OK;
	if (p->ca_issuers) {
		TRY(profile_url_ca_issuers(i, p->address, url));
		put_access(w, OID_AD_CA_ISSUERS, url);
	}
	if (p->ocsp) {
		TRY(profile_url_ocsp(i, url));
		put_access(w, OID_AD_OCSP, url);
	}
	encode_wrap(w, DER_SEQUENCE, mark);
	put_extension(w, mark, OID_PE_AUTHORITY_INFO_ACCESS, false);
	return OK;
}

static err_t
put_distribution_point(struct encode *w, const struct profile *p, const struct profile_instance *i)
{
	size_t mark = encode_mark(w);
	char url[PROFILE_URL_MAX];
	if (!p->crl)
		return OK;
	TRY(profile_url_crl(i, p->address, url));
	put_uri(w, url);
	encode_wrap(w, DER_EXPLICIT(0), mark); /* fullName */
	encode_wrap(w, DER_EXPLICIT(0), mark); /* distributionPoint */
	encode_wrap(w, DER_SEQUENCE, mark);
	encode_wrap(w, DER_SEQUENCE, mark);
	put_extension(w, mark, OID_CE_CRL_DISTRIBUTION_POINTS, false);
	return OK;
}

static void
put_ext_key_usage(struct encode *w, const struct profile *p)
{
	size_t mark = encode_mark(w);
	if (!p->ext_key_usage)
		return;
	if (p->ext_key_usage & PROFILE_EKU_ADOBE_PDF)
		encode_oid(w, OID_KP_ADOBE_PDF_SIGNING);
	if (p->ext_key_usage & PROFILE_EKU_DOCUMENT_SIGNING)
		encode_oid(w, OID_KP_DOCUMENT_SIGNING);
	if (p->ext_key_usage & PROFILE_EKU_OCSP_SIGNING)
		encode_oid(w, OID_KP_OCSP_SIGNING);
	if (p->ext_key_usage & PROFILE_EKU_TIME_STAMPING)
		encode_oid(w, OID_KP_TIME_STAMPING);
	encode_wrap(w, DER_SEQUENCE, mark);
	put_extension(w, mark, OID_CE_EXT_KEY_USAGE, p->ext_key_usage_critical);
}

/* PolicyInformation with an optional pointer to the practice statement [RFC 5280 4.2.1.4] */
static void
put_policy(struct encode *w, struct bytes oid, struct str cps)
{
	size_t mark = encode_mark(w);
	if (cps.n) {
		encode_tlv(w, DER_IA5, str_bytes(cps));
		encode_oid(w, OID_QT_CPS);
		encode_wrap(w, DER_SEQUENCE, mark);
		encode_wrap(w, DER_SEQUENCE, mark);
	}
	encode_oid(w, oid);
	encode_wrap(w, DER_SEQUENCE, mark);
}

static void
put_claims(struct encode *w, const struct profile_instance *i)
{
	for (size_t n = sizeof i->claims / sizeof *i->claims; n-- > 0;)
		if (i->claims[n].n)
			put_policy(w, oid_bytes(&i->claims[n]), (struct str){NULL, 0});
}

static err_t
put_policies(struct encode *w, const struct profile *p, const struct profile_instance *i)
{
	size_t mark = encode_mark(w);
	if (p->claims)
		put_claims(w, i);
	for (size_t n = p->policies_n; n-- > 0;) {
		struct oid own;
		if (p->policies[n].any) {
			put_policy(w, OID_CE_ANY_POLICY, (struct str){NULL, 0});
			continue;
		}
		TRY(profile_policy_oid(i, p->policies[n].under, &own));
		put_policy(w, oid_bytes(&own), p->policies[n].cps ? i->cps_url : (struct str){NULL, 0});
	}
	if (encode_mark(w) == mark)
		return OK;
	encode_wrap(w, DER_SEQUENCE, mark);
	put_extension(w, mark, OID_CE_CERTIFICATE_POLICIES, false);
	return OK;
}

/* QCStatements with SemanticsInformation [RFC 3739 3.2.6.1, EN 319 412-1 5.1.2] */
static void
put_statements(struct encode *w, const struct profile *p, const struct certificate_facts *f)
{
	size_t mark = encode_mark(w);
	if (!p->semantics_natural || !name_semantics_natural(f->subject.value[NAME_SERIAL_NUMBER]))
		return;
	encode_oid(w, OID_QCS_SEMANTICS_NATURAL);
	encode_wrap(w, DER_SEQUENCE, mark);
	encode_oid(w, OID_QCS_PKIX_V2);
	encode_wrap(w, DER_SEQUENCE, mark);
	encode_wrap(w, DER_SEQUENCE, mark);
	put_extension(w, mark, OID_PE_QC_STATEMENTS, false);
}

static void
put_email(struct encode *w, const struct profile *p, const struct certificate_facts *f)
{
	size_t mark = encode_mark(w);
	if (!p->email || f->email.n == 0)
		return;
	encode_tlv(w, DER_CONTEXT(1), str_bytes(f->email)); /* rfc822Name */
	encode_wrap(w, DER_SEQUENCE, mark);
	put_extension(w, mark, OID_CE_SUBJECT_ALT_NAME, false);
}

/* privateKeyUsagePeriod, from the start of the certificate [RFC 3280 4.2.1.4] */
static void
put_private_key_usage(struct encode *w, const struct profile *p, const struct certificate_facts *f)
{
	size_t mark = encode_mark(w);
	if (!p->private_key_usage_us)
		return;
	encode_generalized(w, DER_CONTEXT(1), f->not_before_at + p->private_key_usage_us - TIME_SECOND);
	encode_generalized(w, DER_CONTEXT(0), f->not_before_at);
	encode_wrap(w, DER_SEQUENCE, mark);
	put_extension(w, mark, OID_CE_PRIVATE_KEY_USAGE_PERIOD, false);
}

static void
put_basic_constraints(struct encode *w, const struct profile *p)
{
	size_t mark = encode_mark(w);
	if (!p->ca)
		return;
	if (p->path_len != PROFILE_PATH_ANY)
		encode_u64(w, (uint64_t)p->path_len);
	encode_bool(w, true);
	encode_wrap(w, DER_SEQUENCE, mark);
	put_extension(w, mark, OID_CE_BASIC_CONSTRAINTS, true);
}

static err_t
put_key_ids(struct encode *w, const struct profile *p, const struct certificate_facts *f)
{
	uint8_t id[ALGORITHM_KEY_ID_LEN];
	size_t mark = encode_mark(w);
	TRY(algorithm_key_id(f->spki, id));
	encode_octets(w, BYTES_OF(id));
	put_extension(w, mark, OID_CE_SUBJECT_KEY_ID, false);
	if (!p->authority_key_id)
		return OK;
	mark = encode_mark(w);
	encode_tlv(w, DER_CONTEXT(0), f->issuer_key_id);
	encode_wrap(w, DER_SEQUENCE, mark);
	put_extension(w, mark, OID_CE_AUTHORITY_KEY_ID, false);
	return OK;
}

static void
put_key_usage(struct encode *w, const struct profile *p)
{
	size_t mark = encode_mark(w);
	encode_flags(w, p->key_usage);
	put_extension(w, mark, OID_CE_KEY_USAGE, true);
}

static err_t
put_extensions(struct encode *w, const struct profile *p, const struct profile_instance *i,
    const struct certificate_facts *f)
{
	size_t mark = encode_mark(w);
	if (p->valassured) {
		put_flag(w, OID_CE_NO_REV_AVAIL);
		put_flag(w, OID_ETSI_VALASSURED_ST_CERTS);
	}
	if (p->ocsp_nocheck)
		put_flag(w, OID_OCSP_NOCHECK);
	put_statements(w, p, f);
	TRY(put_authority_info(w, p, i));
	TRY(put_distribution_point(w, p, i));
	put_ext_key_usage(w, p);
	put_basic_constraints(w, p);
	put_email(w, p, f);
	TRY(put_policies(w, p, i));
	put_private_key_usage(w, p, f);
	put_key_usage(w, p);
	TRY(put_key_ids(w, p, f));
	encode_wrap(w, DER_SEQUENCE, mark);
	encode_wrap(w, DER_EXPLICIT(3), mark);
	return OK;
}

/* Facts that no name or profile rule covers. */
static err_t
check_facts(const struct profile *p, const struct profile_instance *i, const struct certificate_facts *f)
{
	enum algorithm key;
	bool self_signed = profile_self_signed(p);
	TRY(algorithm_of_key(f->spki, &key));
	if (key != p->key)
		return err_make(ERR_PROFILE, "%s: the key is not of the kind the profile names", p->name);
	if (f->serial[0] < 0x40 || f->serial[0] > 0x7f)
		return err_make(ERR_PROFILE, "%s: the serial does not start with 40 to 7F", p->name);
	if ((f->issuer.n == 0) != self_signed || (f->issuer_key_id.n == 0) != self_signed)
		return err_make(ERR_PROFILE, "%s: an issuer where there is none, or none where there is one", p->name);
	if (f->not_before_at % TIME_SECOND || f->not_after_at % TIME_SECOND || f->not_before_at > f->not_after_at)
		return err_make(ERR_PROFILE, "%s: the validity is not a span of whole seconds", p->name);
	if (algorithm_der(f->algorithm).n == 0)
		return err_make(ERR_PROFILE, "%s: not an algorithm that we sign with", p->name);
	if (i->demo && (i->claims[0].n || i->claims[1].n))
		return err_make(ERR_PROFILE, "a demo claims no policy of others");
	return OK;
}

err_t
certificate_tbs(struct encode *w, const struct profile *profile, const struct profile_instance *instance,
    const struct certificate_facts *facts)
{
	TRY(check_facts(profile, instance, facts));
	size_t mark = encode_mark(w);
	TRY(put_extensions(w, profile, instance, facts));
	encode_raw(w, facts->spki);
	TRY(name_write(w, &facts->subject, &profile->subject));
	size_t validity = encode_mark(w);
	encode_time(w, facts->not_after_at);
	encode_time(w, facts->not_before_at);
	encode_wrap(w, DER_SEQUENCE, validity);
	if (facts->issuer.n)
		encode_raw(w, facts->issuer);
	else
		TRY(name_write(w, &facts->subject, &profile->subject));
	encode_raw(w, algorithm_der(facts->algorithm));
	encode_unsigned(w, BYTES_OF(facts->serial));
	size_t version = encode_mark(w);
	encode_u64(w, 2); /* v3 */
	encode_wrap(w, DER_EXPLICIT(0), version);
	encode_wrap(w, DER_SEQUENCE, mark);
	struct bytes done;
	return encode_done(w, &done);
}

err_t
certificate_join(struct encode *w, struct bytes tbs, enum algorithm algorithm, struct bytes signature)
{
	size_t mark = encode_mark(w);
	struct bytes done;
	encode_bits(w, signature);
	encode_raw(w, algorithm_der(algorithm));
	encode_raw(w, tbs);
	encode_wrap(w, DER_SEQUENCE, mark);
	return encode_done(w, &done);
}

size_t
certificate_size_max(size_t tbs_n)
{
	enum { UNUSED_BITS = 1, SIGNATURE = 72 }; /* two INTEGERs of 33 octets */
	return encode_size(tbs_n + algorithm_der(ALGORITHM_ECDSA_P256).n + encode_size(UNUSED_BITS + SIGNATURE));
}

/* ---- reading ------------------------------------------------------------------------------------------------------ */

static void
read_subject_key_id(struct decode *d, struct certificate *c)
{
	c->subject_key_id = decode_octets(d);
}

static void
read_authority_key_id(struct decode *d, struct certificate *c)
{
	struct decode list = decode_enter(d, DER_SEQUENCE);
	if (decode_is(&list, DER_CONTEXT(0)))
		c->authority_key_id = decode_tlv(&list, DER_CONTEXT(0));
	while (decode_more(&list)) /* authorityCertIssuer and serial, which we do not use */
		decode_any(&list, NULL);
}

static void
read_key_usage(struct decode *d, struct certificate *c)
{
	c->has_key_usage = true;
	c->key_usage = decode_flags(d);
}

static void
read_basic_constraints(struct decode *d, struct certificate *c)
{
	struct decode list = decode_enter(d, DER_SEQUENCE);
	if (decode_is(&list, DER_BOOLEAN)) /* FALSE should be left out, but others write it */
		c->ca = decode_bool(&list);
	if (decode_is(&list, DER_INTEGER))
		c->path_len = (int)decode_u64(&list, 1000);
	decode_end(&list);
}

static void
read_ext_key_usage(struct decode *d, struct certificate *c)
{
	c->ext_key_usage = decode_tlv(d, DER_SEQUENCE);
	struct decode list = decode_inside(d, c->ext_key_usage);
	if (!decode_more(&list))
		decode_fail(&list, "an empty extKeyUsage");
	while (decode_more(&list))
		decode_oid(&list);
}

static void
read_policies(struct decode *d, struct certificate *c)
{
	c->policies = decode_tlv(d, DER_SEQUENCE);
	struct decode list = decode_inside(d, c->policies);
	while (decode_more(&list)) {
		struct decode policy = decode_enter(&list, DER_SEQUENCE);
		decode_oid(&policy);
		if (decode_more(&policy))
			decode_whole(&policy, DER_SEQUENCE);
		decode_end(&policy);
	}
}

/* Keeps the first address of each kind. */
static void
keep_url(struct bytes uri, struct str *url)
{
	struct str text;
	if (url->n == 0 && !err_is(str_check(uri, &text)))
		*url = text;
}

static void
read_authority_info(struct decode *d, struct certificate *c)
{
	struct decode list = decode_enter(d, DER_SEQUENCE);
	while (decode_more(&list)) {
		struct decode access = decode_enter(&list, DER_SEQUENCE);
		struct bytes method = decode_oid(&access);
		if (!decode_is(&access, DER_CONTEXT(6))) {
			decode_any(&access, NULL);
			continue;
		}
		struct bytes uri = decode_tlv(&access, DER_CONTEXT(6));
		if (bytes_eq(method, OID_AD_OCSP))
			keep_url(uri, &c->ocsp_url);
		else if (bytes_eq(method, OID_AD_CA_ISSUERS))
			keep_url(uri, &c->ca_issuers_url);
	}
}

/* The addresses in one DistributionPoint. */
static void
read_distribution_point(struct decode *d, struct certificate *c)
{
	struct decode point = decode_enter(d, DER_SEQUENCE);
	if (decode_is(&point, DER_EXPLICIT(0))) {
		struct decode name = decode_enter(&point, DER_EXPLICIT(0));
		if (decode_is(&name, DER_EXPLICIT(0))) {
			struct decode full = decode_enter(&name, DER_EXPLICIT(0));
			while (decode_more(&full))
				if (decode_is(&full, DER_CONTEXT(6)))
					keep_url(decode_tlv(&full, DER_CONTEXT(6)), &c->crl_url);
				else
					decode_any(&full, NULL);
		} else {
			decode_any(&name, NULL);
		}
	}
	while (decode_more(&point)) /* reasons, cRLIssuer */
		decode_any(&point, NULL);
}

static void
read_distribution_points(struct decode *d, struct certificate *c)
{
	struct decode list = decode_enter(d, DER_SEQUENCE);
	while (decode_more(&list))
		read_distribution_point(&list, c);
}

static void
read_nocheck(struct decode *d, struct certificate *c)
{
	decode_null(d);
	c->ocsp_nocheck = true;
}

static void
read_valassured(struct decode *d, struct certificate *c)
{
	decode_null(d);
	c->valassured = true;
}

static void
read_no_rev_avail(struct decode *d, struct certificate *c)
{
	decode_null(d);
	c->no_rev_avail = true;
}

static void
read_private_key_usage(struct decode *d, struct certificate *c)
{
	struct decode list = decode_enter(d, DER_SEQUENCE);
	if (decode_is(&list, DER_CONTEXT(0)))
		decode_generalized(&list, DER_CONTEXT(0), false);
	if (decode_is(&list, DER_CONTEXT(1)))
		c->key_not_after_at = decode_generalized(&list, DER_CONTEXT(1), false);
	decode_end(&list);
}

/* Extensions that are fine when critical although nothing of them is kept. */
static void
skip(struct decode *d, struct certificate *c)
{
	(void)c;
	decode_any(d, NULL);
}

typedef void (*reader_f)(struct decode *d, struct certificate *c);

/* The reader for an extension; NULL for one that we do not know. nameConstraints is not here: path.c refuses it. */
static reader_f
find_reader(struct bytes oid)
{
	const struct {
		struct bytes oid;
		reader_f read;
	} known[] = {
		{OID_CE_SUBJECT_KEY_ID, read_subject_key_id},
		{OID_CE_AUTHORITY_KEY_ID, read_authority_key_id},
		{OID_CE_KEY_USAGE, read_key_usage},
		{OID_CE_BASIC_CONSTRAINTS, read_basic_constraints},
		{OID_CE_EXT_KEY_USAGE, read_ext_key_usage},
		{OID_CE_CERTIFICATE_POLICIES, read_policies},
		{OID_PE_AUTHORITY_INFO_ACCESS, read_authority_info},
		{OID_CE_CRL_DISTRIBUTION_POINTS, read_distribution_points},
		{OID_OCSP_NOCHECK, read_nocheck},
		{OID_ETSI_VALASSURED_ST_CERTS, read_valassured},
		{OID_CE_NO_REV_AVAIL, read_no_rev_avail},
		{OID_CE_PRIVATE_KEY_USAGE_PERIOD, read_private_key_usage},
		{OID_CE_SUBJECT_ALT_NAME, skip},
		{OID_PE_QC_STATEMENTS, skip},
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (bytes_eq(oid, known[i].oid))
			return known[i].read;
	return NULL;
}

/* Whether content, an already read part of the list, holds an extension with this OID. */
static bool
seen_before(const uint8_t *from, const uint8_t *to, struct bytes oid)
{
	struct decode d = decode_init(bytes(from, (size_t)(to - from)));
	while (decode_more(&d)) {
		struct decode one = decode_enter(&d, DER_SEQUENCE);
		if (bytes_eq(decode_oid(&one), oid))
			return true;
	}
	return false;
}

enum { EXTENSIONS_MAX = 32 };

static void
read_extensions(struct decode *d, struct certificate *c)
{
	c->extensions = decode_tlv(d, DER_SEQUENCE);
	struct decode list = decode_inside(d, c->extensions);
	for (size_t n = 0; decode_more(&list); n++) {
		const uint8_t *start = list.p;
		struct decode one = decode_enter(&list, DER_SEQUENCE);
		struct bytes oid = decode_oid(&one);
		bool critical = decode_is(&one, DER_BOOLEAN) && decode_bool(&one);
		struct bytes value = decode_octets(&one);
		decode_end(&one);
		if (n == EXTENSIONS_MAX || (!list.why && seen_before(c->extensions.p, start, oid)))
			decode_fail(&list, "an extension that is there twice, or too many"); /* [RFC 5280 4.2] */
		reader_f read = find_reader(oid);
		if (!read) {
			c->unknown_critical |= critical;
			continue;
		}
		struct decode inside = decode_inside(&list, value);
		read(&inside, c);
		decode_end(&inside);
	}
}

static void
read_tbs(struct decode *d, struct certificate *c)
{
	struct decode version = decode_enter(d, DER_EXPLICIT(0));
	if (decode_u64(&version, 2) != 2)
		decode_fail(&version, "a certificate that is not version 3");
	decode_end(&version);
	c->serial = decode_unsigned(d);
	c->signature_algorithm = decode_whole(d, DER_SEQUENCE);
	c->issuer = decode_whole(d, DER_SEQUENCE);
	struct decode validity = decode_enter(d, DER_SEQUENCE);
	c->not_before_at = decode_time(&validity);
	c->not_after_at = decode_time(&validity);
	decode_end(&validity);
	c->subject = decode_whole(d, DER_SEQUENCE);
	c->spki = decode_whole(d, DER_SEQUENCE);
	if (decode_is(d, DER_EXPLICIT(3))) {
		struct decode extensions = decode_enter(d, DER_EXPLICIT(3));
		read_extensions(&extensions, c);
		decode_end(&extensions);
	}
	decode_end(d);
}

/* Reads a TBSCertificate alone, as lint.c does before it is signed. */
err_t
certificate_read_tbs(struct bytes tbs, struct certificate *ret_certificate)
{
	struct certificate c = {.tbs = tbs, .path_len = PROFILE_PATH_ANY};
	TRY(der_scan_check(tbs, CERTIFICATE_FOREIGN_MAX));
	struct decode top = decode_init(tbs), body = decode_enter(&top, DER_SEQUENCE);
	read_tbs(&body, &c);
	TRY(decode_check(&top));
	TRY(algorithm_key_bits(c.spki, &c.public_key));
	if (err_is(algorithm_read(c.signature_algorithm, &c.algorithm)))
		c.algorithm = ALGORITHM_NONE; /* its signature cannot be checked; all else can be shown */
	*ret_certificate = c;
	return OK;
}

err_t
certificate_read(struct bytes der, struct certificate *ret_certificate)
{
	struct certificate c;
	TRY(der_scan_check(der, CERTIFICATE_FOREIGN_MAX));
	struct decode top = decode_init(der), all = decode_enter(&top, DER_SEQUENCE);
	struct bytes tbs = decode_whole(&all, DER_SEQUENCE), algorithm = decode_whole(&all, DER_SEQUENCE);
	struct bytes signature = decode_bits(&all);
	decode_end(&all);
	decode_end(&top);
	TRY(decode_check(&top));
	TRY(certificate_read_tbs(tbs, &c));
	if (!bytes_eq(algorithm, c.signature_algorithm)) /* [RFC 5280 4.1.1.2] */
		return err_make(ERR_DER, "the two signature algorithms of the certificate differ");
	c.der = der;
	c.signature = signature;
	*ret_certificate = c;
	return OK;
}

err_t
certificate_extension(const struct certificate *c, struct bytes oid, struct bytes *ret_value, bool *ret_critical)
{
	struct decode list = decode_init(c->extensions);
	while (decode_more(&list)) {
		struct decode one = decode_enter(&list, DER_SEQUENCE);
		if (!bytes_eq(decode_oid(&one), oid))
			continue;
		bool critical = decode_is(&one, DER_BOOLEAN) && decode_bool(&one);
		struct bytes value = decode_octets(&one);
		TRY(decode_check(&list));
		*ret_value = value;
		if (ret_critical)
			*ret_critical = critical;
		return OK;
	}
	char text[OID_TEXT_MAX];
	TRY(oid_text(oid, text));
	return err_make(ERR_NOT_FOUND, "the certificate has no extension %s", text);
}

bool
certificate_has_purpose(const struct certificate *c, struct bytes oid)
{
	struct decode list = decode_init(c->ext_key_usage);
	while (decode_more(&list))
		if (bytes_eq(decode_oid(&list), oid))
			return true;
	return false;
}

bool
certificate_has_policy(const struct certificate *c, struct bytes oid)
{
	struct decode list = decode_init(c->policies);
	while (decode_more(&list)) {
		struct decode policy = decode_enter(&list, DER_SEQUENCE);
		if (bytes_eq(decode_oid(&policy), oid))
			return true;
	}
	return false;
}
