#include "cli/command.h"

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
	bool written = json_dumpf(object, stdout, JSON_INDENT(2)) == 0;
	json_decref(object);
	written = printf("\n") > 0 && written;
	return fflush(stdout) == 0 && written ? OK : err_errno("standard output");
}

int
command_fail(err_t e)
{
	fprintf(stderr, "paraph: %s %s\n", err_info(e.code)->text, err_detail());
	return command_status(e);
}
