/* The program paraph: finds the command and runs it. */
#include "base/log.h"
#include "cli/audit.h"
#include "cli/command.h"
#include "cli/doctor.h"
#include "cli/init.h"
#include "cli/renewal.h"
#include "cli/revoke.h"
#include "cli/serve.h"
#include "cli/sign.h"
#include "cli/verify.h"

static const struct command commands[] = {
    {"init", init_main, "make an instance directory with its own keys and certificates"},
    {"serve", serve_main, "run the service of an instance directory"},
    {"sign", sign_main, "walk one signer through signing a PDF, over the API"},
    {"verify", verify_main, "say who signed a PDF, when, and whether it changed"},
    {"revoke", revoke_main, "revoke a signer certificate"},
    {"audit", audit_main, "recompute the audit log and compare it with journals and database"},
    {"ceremony", renewal_main, "have the root sign its next list of revoked certificates"},
    {"doctor", doctor_main, "look for what is wrong with an instance"},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static int
help(FILE *to, int status)
{
	fprintf(to, "Usage: paraph COMMAND [OPTION]...\n\nA remote-signing trust service.\n\nCommands:\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].summary);
	fprintf(to, "\nparaph COMMAND --help tells more, and so do the manual pages paraph(1) and paraphd(8).\n");
	return status;
}

static int
run(int argc, char **argv)
{
	if (argc < 2)
		return help(stderr, COMMAND_USAGE);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
		return help(stdout, COMMAND_DONE);
	if (strcmp(argv[1], "--version") == 0) {
		printf("paraph %s\n", PARAPH_VERSION);
		return COMMAND_DONE;
	}
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "paraph: there is no command %s; paraph --help lists them\n", argv[1]);
	return COMMAND_USAGE;
}

int
main(int argc, char **argv)
{
	log_init("paraph", LOG_WARNING);
	return command_end(run(argc, argv));
}
