#include "cli/command.h"
#include "base/bytes.h"

#include <errno.h>

int
command_status(err_t e)
{
	return e.code == ERR_NO_INPUT ? COMMAND_NO_INPUT : COMMAND_FAILED;
}

err_t
command_json(json_t *object)
{
	if (object == NULL)
		return err_make(ERR_INTERNAL, "what is to be told does not fit into JSON");
	bool whole = json_dumpf(object, stdout, JSON_INDENT(2)) == 0 || ferror(stdout) != 0; /* of that, command_end tells */
	json_decref(object);
	printf("\n");
	return whole ? OK : err_make(ERR_INTERNAL, "what is to be told does not fit into JSON");
}

int
command_fail(err_t e)
{
	char detail[512];
	snprintf(detail, sizeof detail, "%s", err_detail());
	str_tame(detail); /* it may be what a server said */
	fprintf(stderr, "paraph: %s %s\n", err_info(e.code)->text, detail);
	return command_status(e);
}

int
command_end(int status)
{
	bool before = ferror(stdout) != 0; /* the reason is gone by now */
	if (fflush(stdout) == 0 && !before)
		return status;
	const char *why = before ? "an earlier line was lost" : strerror(errno);
	fprintf(stderr, "paraph: standard output cannot be written: %s; what the command did stays\n", why);
	return COMMAND_FAILED;
}
