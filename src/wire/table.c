#include "wire/table.h"
#include "base/log.h"

#define TAGS(...) (const pb_size_t[]){__VA_ARGS__, 0}

const struct table table_core_keys = {"core-keys", &message_keys,
    TAGS(paraph_Keys_health_tag, paraph_Keys_enrol_tag, paraph_Keys_plan_attest_tag, paraph_Keys_activation_begin_tag,
        paraph_Keys_code_send_tag, paraph_Keys_code_try_tag, paraph_Keys_activation_complete_tag, paraph_Keys_sign_begin_tag,
        paraph_Keys_stamp_put_tag, paraph_Keys_dss_put_tag, paraph_Keys_doc_stamp_put_tag, paraph_Keys_intent_void_tag,
        paraph_Keys_intent_ask_tag, paraph_Keys_sign_resume_tag, paraph_Keys_checkpoint_sign_tag,
        paraph_Keys_journal_root_ask_tag, paraph_Keys_statement_ask_tag, paraph_Keys_proof_seal_tag,
        paraph_Keys_crl_sign_tag, paraph_Keys_ocsp_certificate_sign_tag)};

const struct table table_ceremony_root = {"ceremony-keys", &message_keys,
    TAGS(paraph_Keys_health_tag, paraph_Keys_key_make_tag, paraph_Keys_ceremony_certificate_sign_tag,
        paraph_Keys_crl_sign_tag)};

const struct table table_ceremony_issuing = {"ceremony-keys", &message_keys,
    TAGS(paraph_Keys_health_tag, paraph_Keys_key_make_tag, paraph_Keys_certificate_store_tag,
        paraph_Keys_ocsp_certificate_sign_tag, paraph_Keys_crl_sign_tag)};

const struct table table_core_status = {"core-status", &message_status,
    TAGS(paraph_Status_health_tag, paraph_Status_stamp_tag, paraph_Status_ocsp_get_tag, paraph_Status_journal_root_ask_tag)};

const struct table table_status_keys = {"status-keys", &message_status_keys,
    TAGS(paraph_StatusKeys_health_tag, paraph_StatusKeys_ocsp_sign_tag, paraph_StatusKeys_tsp_sign_tag,
        paraph_StatusKeys_journal_root_ask_tag)};

const struct table table_core_document = {"core-document", &message_document,
    TAGS(paraph_Document_health_tag, paraph_Document_open_tag)};

const struct table table_document_child = {"document-child", &message_document,
    TAGS(paraph_Document_prepare_tag, paraph_Document_check_tag)};

const struct table table_keys_courier = {"keys-courier", &message_courier,
    TAGS(paraph_Courier_health_tag, paraph_Courier_code_tag)};

const struct table table_core_courier = {"core-courier", &message_courier,
    TAGS(paraph_Courier_health_tag, paraph_Courier_message_tag)};

const struct table table_control = {"control", &message_control,
    TAGS(paraph_Control_outcome_tag, paraph_Control_channel_tag)};

/* An outcome is core's cry for help: a status process holds the store's lock. paraphd takes it from core alone. */
const struct table table_control_supervisor = {"control", &message_control,
    TAGS(paraph_Control_ready_tag, paraph_Control_outcome_tag)};

err_t
table_check(const struct table *t, const void *message)
{
	const struct message_head *head = message;
	for (const pb_size_t *tag = t->tags; *tag != 0; tag++)
		if (*tag == head->which_body)
			return OK;
	err_t e = err_make(ERR_WIRE_TABLE, "message %u may not be sent on %s", (unsigned)head->which_body, t->channel);
	log_security("message-not-permitted", err_detail());
	return e;
}
