#include "courier/words.h"
#include "base/time.h"

static void
put_code(struct buf *out, const paraph_CodeMessage *m)
{
	buf_put(out, bytes(m->code.bytes, m->code.size));
}

/* "14:03" */
static void
put_clock(struct buf *out, int64_t at)
{
	struct time_parts t = time_split(at);
	buf_printf(out, "%02d:%02d", t.hour, t.minute);
}

void
words_code_subject(const struct words_house *house, const paraph_CodeMessage *m, struct buf *out)
{
	buf_printf(out, "%sYour code to sign: %s", house->demo ? "[DEMO] " : "", m->title);
}

void
words_code_mail(const struct words_house *house, const paraph_CodeMessage *m, struct buf *out)
{
	put_code(out, m);
	buf_printf(out, " is your code to sign\n\n    %s\n    (%s) for %s\n\n", m->title, m->short_hash, m->sender);
	buf_put_str(out, STR("Type it on the page where you read the document. It is valid until "));
	put_clock(out, m->expires_at);
	buf_printf(out, " UTC, once.\n\nNever share it: nobody at %s or %s will ever ask you for it.\n"
	                "The sign %s is shown beside the document too; if it differs, do not sign.\n\n"
	                "You did not ask for this? Then do nothing: without the code nothing is signed.\n",
	    m->sender, house->name, m->short_hash);
	if (house->demo)
		buf_put_str(out, STR("\nThis is a DEMO service: what it signs has no legal value.\n"));
}

/* Host of "https://host:port". */
static struct str
host_of(const char *url)
{
	const char *start = strstr(url, "://");
	start = start == NULL ? url : start + 3;
	return (struct str){start, strcspn(start, "/:")};
}

void
words_code_sms(const struct words_house *house, const paraph_CodeMessage *m, struct buf *out)
{
	struct str host = host_of(house->site_url);
	put_code(out, m);
	/* Short: a telephone shows the first 160 characters. */
	buf_printf(out, " signs \"%.60s\" (%s) for %.40s. Never share it.\n@%.*s #", m->title, m->short_hash, m->sender,
	    STR_ARG(host));
	put_code(out, m);
}

void
words_put_json(struct buf *out, struct bytes text)
{
	buf_put_byte(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c == '\n')
			buf_put_str(out, STR("\\n"));
		else if (c < 0x20 || c == 0x7f)
			buf_printf(out, "\\u%04x", c);
		else
			buf_put_byte(out, c);
	}
	buf_put_byte(out, '"');
}
