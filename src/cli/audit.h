/* paraph audit verify DIR: runs the independent auditor, paraph-audit. */
#ifndef PARAPH_CLI_AUDIT_H
#define PARAPH_CLI_AUDIT_H

int audit_main(int argc, char **argv);

#endif
