#include "wire/table.h"
#include "unit.h"

/* Every message that one channel accepts, and that no other message passes. */
static void
only_listed_messages_pass(void **state)
{
	(void)state;
	static const struct table *const tables[] = {&table_core_keys, &table_ceremony_root, &table_ceremony_issuing,
	    &table_core_status, &table_status_keys, &table_core_document, &table_document_child, &table_keys_courier,
	    &table_core_courier, &table_control, &table_control_supervisor};
	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
		struct message_head *m = message_new(tables[i]->kind);
		for (pb_size_t tag = 0; tag < 100; tag++) {
			bool listed = false;
			for (const pb_size_t *t = tables[i]->tags; *t != 0; t++)
				listed |= *t == tag;
			m->which_body = tag;
			assert_int_equal(table_check(tables[i], m).code, listed ? ERR_OK : ERR_WIRE_TABLE);
		}
		message_free(tables[i]->kind, m);
	}
}

static void
core_cannot_make_keys_or_ca_certificates(void **state)
{
	(void)state;
	paraph_Keys *m = message_new(&message_keys);
	m->which_body = paraph_Keys_key_make_tag;
	assert_err(table_check(&table_core_keys, m), ERR_WIRE_TABLE);
	m->which_body = paraph_Keys_ceremony_certificate_sign_tag;
	assert_err(table_check(&table_core_keys, m), ERR_WIRE_TABLE);
	message_free(&message_keys, m);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(only_listed_messages_pass), cmocka_unit_test(core_cannot_make_keys_or_ca_certificates)};
UNIT_MAIN(tests)
