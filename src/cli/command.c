#include "cli/command.h"

int
command_status(err_t e)
{
	return e.code == ERR_NO_INPUT ? COMMAND_NO_INPUT : COMMAND_FAILED;
}

int
command_fail(err_t e)
{
	fprintf(stderr, "paraph: %s %s\n", err_info(e.code)->text, err_detail());
	return command_status(e);
}
