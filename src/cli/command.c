#include "cli/command.h"

int
command_fail(err_t e)
{
	fprintf(stderr, "paraph: %s %s\n", err_info(e.code)->text, err_detail());
	return COMMAND_FAILED;
}
