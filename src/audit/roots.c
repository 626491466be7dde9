#include "audit/roots.h"
#include "audit/finding.h"
#include "base/time.h"

struct root {
	uint64_t size, leaf;
	char hex[2 * TLOG_HASH + 1];
};

struct roots {
	const struct ledger *ledger;
	const char *journal;
	struct root *all; /* by size */
	size_t n, next, agreed;
	uint64_t records;  /* read so far */
	uint64_t last_good;
	struct root wrong; /* the first that disagrees */
	size_t wrong_n;
	int64_t loose_at;  /* of the first record that no root covers; 0: there is none */
};

static int
by_size(const void *a, const void *b)
{
	const struct root *x = a, *y = b;
	return x->size != y->size ? (x->size > y->size) - (x->size < y->size) : (x->leaf > y->leaf) - (x->leaf < y->leaf);
}

static bool
is_of(const json_t *leaf, const char *journal)
{
	const char *name = json_string_value(json_object_get(leaf, "journal"));
	return name != NULL && strcmp(name, journal) == 0;
}

static void
root_add(struct roots *r, const json_t *leaf)
{
	struct root *root = &r->all[r->n++];
	const char *hex = json_string_value(json_object_get(leaf, "root"));
	root->size = (uint64_t)json_integer_value(json_object_get(leaf, "size"));
	root->leaf = ledger_index(leaf);
	snprintf(root->hex, sizeof root->hex, "%s", hex == NULL ? "" : hex);
	/* They are read in the order of the log, where a journal only grows. */
	if (r->n > 1 && root->size < root[-1].size)
		finding_wrong("root", "keys/%s: leaf %llu knows of %llu records, leaf %llu before it of %llu: the journal went back",
		    r->journal, (unsigned long long)root->leaf, (unsigned long long)root->size, (unsigned long long)root[-1].leaf,
		    (unsigned long long)root[-1].size);
}

struct roots *
roots_new(const struct ledger *ledger, const char *journal)
{
	const json_t *list = ledger_events(ledger, "journal.root");
	struct roots *r = calloc(1, sizeof *r);
	if (r == NULL)
		abort();
	*r = (struct roots){.ledger = ledger, .journal = journal, .all = calloc(json_array_size(list) + 1, sizeof *r->all)};
	if (r->all == NULL)
		abort();
	for (size_t i = 0; i < json_array_size(list); i++)
		if (is_of(json_array_get(list, i), journal))
			root_add(r, json_array_get(list, i));
	qsort(r->all, r->n, sizeof *r->all, by_size);
	return r;
}

void
roots_free(struct roots *r)
{
	if (r == NULL)
		return;
	free(r->all);
	free(r);
}

void
roots_grown(struct roots *r, const struct tlog *tree, int64_t at)
{
	r->records = tree->size;
	if (tree->size == roots_covered(r) + 1)
		r->loose_at = at;
	if (r->next == r->n || r->all[r->next].size != tree->size)
		return;
	uint8_t root[TLOG_HASH];
	char hex[2 * TLOG_HASH + 1];
	tlog_root(tree, root);
	bytes_hex(BYTES_OF(root), hex);
	for (; r->next < r->n && r->all[r->next].size == tree->size; r->next++) {
		if (strcmp(hex, r->all[r->next].hex) == 0) {
			r->agreed++;
			r->last_good = r->wrong_n == 0 ? tree->size : r->last_good;
		} else if (r->wrong_n++ == 0) {
			r->wrong = r->all[r->next];
		}
	}
}

/* Roots of keys:issuing that entered the log after that time. */
static uint64_t
roots_since(const struct roots *r, int64_t at)
{
	char since[TIME_TEXT_MAX];
	uint64_t n = 0;
	const json_t *list = ledger_events(r->ledger, "journal.root");
	time_text(at, true, since);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *leaf = json_array_get(list, i);
		const char *text = json_string_value(json_object_get(leaf, "at"));
		n += is_of(leaf, "issuing") && text != NULL && strcmp(text, since) > 0; /* one form, so as text as in time */
	}
	return n;
}

static void
loose_end(const struct roots *r)
{
	uint64_t missed = r->loose_at == 0 ? 0 : roots_since(r, r->loose_at);
	char since[TIME_TEXT_MAX];
	if (strcmp(r->journal, "status") == 0) {
		finding_count("records of keys/status not anchored yet", r->records - roots_covered(r));
	} else {
		finding_count("records of keys/issuing not anchored yet", r->records - roots_covered(r));
		return; /* its own roots are the measure below */
	}
	if (missed < ROOTS_MISSED_MAX)
		return;
	time_text(r->loose_at, false, since);
	finding_wrong("root", "keys/%s: %llu records since %s are in no root of the log, which got %llu of keys/issuing meanwhile",
	    r->journal, (unsigned long long)(r->records - roots_covered(r)), since, (unsigned long long)missed);
}

void
roots_end(const struct roots *r)
{
	finding_count("roots of the journals of keys", r->agreed);
	if (r->wrong_n > 0)
		finding_wrong("root", "keys/%s: the root of %llu records in leaf %llu is not the journal's (and %zu more): a record from %llu "
		    "to %llu was changed, dropped or put in", r->journal, (unsigned long long)r->wrong.size,
		    (unsigned long long)r->wrong.leaf, r->wrong_n - 1, (unsigned long long)r->last_good,
		    (unsigned long long)(r->wrong.size - 1));
	if (roots_covered(r) > r->records)
		finding_wrong("root", "keys/%s: leaf %llu holds the root of %llu records, and the journal has %llu good ones: record %llu and "
		    "later ones were changed or dropped", r->journal, (unsigned long long)r->all[r->n - 1].leaf,
		    (unsigned long long)roots_covered(r), (unsigned long long)r->records, (unsigned long long)r->records);
	else
		loose_end(r);
}

uint64_t
roots_covered(const struct roots *r)
{
	return r->n == 0 ? 0 : r->all[r->n - 1].size;
}
